//! Finds the files that a glob means: `*`, `?`, `[abc]`, `[a-z]`, `[!a]` within a name, `**` for any
//! number of folders.

use std::fs;
use std::path::{Path, PathBuf};

/// The most folders deep that `**` goes; a link back to a folder above would have no end.
const DEPTH_MAX: usize = 16;

/// True if the text has signs of a glob.
pub(super) fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// All that a pattern means, sorted; a pattern without signs means itself, there or not. At most
/// `files_max` are given.
pub(super) fn expand(pattern: &str, files_max: usize) -> Vec<PathBuf> {
    if !is_glob(pattern) {
        return vec![PathBuf::from(pattern)];
    }
    let mut parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let mut start = PathBuf::from(if pattern.starts_with('/') { "/" } else { "" });
    let fixed = parts.iter().take_while(|part| !is_glob(part)).count();
    start.extend(parts.drain(..fixed));
    let mut found = Vec::new();
    walk(&start, &parts, files_max, &mut found);
    found.sort();
    found.dedup();
    found
}

fn walk(folder: &Path, parts: &[&str], files_max: usize, found: &mut Vec<PathBuf>) {
    let Some((part, rest)) = parts.split_first() else {
        found.push(folder.to_path_buf());
        return;
    };
    if *part == "**" {
        walk(folder, rest, files_max, found);
        if folder.components().count() > DEPTH_MAX {
            return;
        }
        for (path, is_folder, _) in entries(folder) {
            if is_folder && found.len() < files_max {
                walk(&path, parts, files_max, found);
            }
        }
        return;
    }
    if !is_glob(part) {
        let path = folder.join(part);
        if path.exists() {
            walk(&path, rest, files_max, found);
        }
        return;
    }
    for (path, is_folder, name) in entries(folder) {
        let hidden = name.starts_with('.') && !part.starts_with('.');
        let leads_on = rest.is_empty() != is_folder;
        if found.len() < files_max && leads_on && !hidden && matches(part, &name) {
            walk(&path, rest, files_max, found);
        }
    }
}

/// What is in a folder: path, whether it is a folder (links followed), name. Nothing if it cannot be
/// read.
fn entries(folder: &Path) -> impl Iterator<Item = (PathBuf, bool, String)> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| {
            let path = entry.path();
            let is_folder = path.is_dir();
            (
                path,
                is_folder,
                entry.file_name().to_string_lossy().into_owned(),
            )
        })
}

/// True if a whole path matches a glob.
pub(super) fn matches_path(pattern: &str, path: &Path) -> bool {
    let text = path.to_string_lossy();
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let names: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    matches_parts(&parts, &names)
}

fn matches_parts(parts: &[&str], names: &[&str]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            matches_parts(rest, names) || !names.is_empty() && matches_parts(parts, &names[1..])
        }
        (Some((part, rest)), Some((name, names))) => {
            matches(part, name) && matches_parts(rest, names)
        }
        _ => false,
    }
}

/// True if a name matches a pattern without folders. Goes back to the last `*` at most, so it takes
/// at most the product of the lengths.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, in_name));
                at += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(&pattern[at..], name[in_name]),
            Some(sign) if *sign == name[in_name] => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(length), _) => {
                at += length;
                in_name += 1;
            }
            (None, Some((after, from))) => {
                at = after;
                in_name = from + 1;
                star = Some((after, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

/// The length of the class `[…]` at the start of `pattern` if `sign` is in it. A bracket that does
/// not close is itself.
fn class(pattern: &[char], sign: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let first = 1 + usize::from(negated);
    let close = pattern.iter().skip(first + 1).position(|sign| *sign == ']');
    let Some(close) = close.map(|close| close + first + 1) else {
        return (sign == '[').then_some(1);
    };
    let inside = &pattern[first..close];
    let mut found = false;
    let mut at = 0;
    while at < inside.len() {
        if inside.get(at + 1) == Some(&'-') && at + 2 < inside.len() {
            found |= (inside[at]..=inside[at + 2]).contains(&sign);
            at += 3;
        } else {
            found |= inside[at] == sign;
            at += 1;
        }
    }
    (found != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.log", "a.log", true),
            ("*.log", "a.log.1", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("?.log", "ab.log", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]x", "]x", true),
            ("[", "[", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(matches_path("/var/**/x.log", Path::new("/var/x.log")));
        assert!(matches_path("/var/**/*.log", Path::new("/var/a/b/x.log")));
        assert!(!matches_path("/var/*.log", Path::new("/var/a/x.log")));
    }

    #[test]
    fn folders_are_walked() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for name in [
            "x.log",
            "a/y.log",
            "a/b/z.log",
            "a/b/z.txt",
            "a/.hidden.log",
        ] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            expand(&format!("{root}/{pattern}"), 100)
                .into_iter()
                .map(|path| {
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned()
                })
                .collect()
        };
        assert_eq!(names("**/*.log"), ["a/b/z.log", "a/y.log", "x.log"]);
        assert_eq!(names("*/*.log"), ["a/y.log"]);
        assert_eq!(names("a/b/z.*"), ["a/b/z.log", "a/b/z.txt"]);
        assert_eq!(names("missing.log"), ["missing.log"]);
        assert!(names("missing/*.log").is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(pattern in "[\\[\\]*?!a-c/-]{0,20}", name in "[a-c\\[\\]/-]{0,20}") {
            matches(&pattern, &name);
            matches_path(&pattern, Path::new(&name));
        }
    }
}

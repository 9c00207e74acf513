//! Tables as commands print them: a header and rows, columns parted by spaces, bars or tabs.

use crate::document::LineRef;

/// The most rows of a table.
const ROWS_MAX: usize = 100_000;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Table {
    /// Columns in upper case; empty where the header was cut off.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The cells, as many as there are columns, or as the row has where the header was cut off.
    pub(crate) cells: Vec<String>,
    pub(crate) place: LineRef,
}

impl Table {
    /// The place of the first of some columns.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        names
            .iter()
            .find_map(|name| self.columns.iter().position(|column| column == name))
    }

    /// A cell by the names of its column; none if it is empty.
    pub(crate) fn cell<'r>(&self, row: &'r Row, names: &[&str]) -> Option<&'r str> {
        let cell = row.cells.get(self.column(names)?)?.as_str();
        (!cell.is_empty()).then_some(cell)
    }
}

/// The tables among lines, each with its place from 0.
pub(crate) fn read(lines: &[(usize, &str)], document: usize) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut header: Option<Vec<(usize, String)>> = None;
    for (index, (at, line)) in lines.iter().enumerate() {
        // A line with bars is a header only above a line of dashes.
        let is_above_rule = || lines.get(index + 1).is_some_and(|(_, next)| is_rule(next));
        let found = if line.contains('|') && !is_above_rule() {
            None
        } else {
            header_of(line)
        };
        if let Some(columns) = found {
            tables.push(Table {
                columns: columns.iter().map(|(_, name)| name.clone()).collect(),
                rows: Vec::new(),
            });
            header = Some(columns);
            continue;
        }
        if is_rule(line) {
            continue;
        }
        if line.trim().is_empty() {
            header = None;
            continue;
        }
        let cells = match &header {
            Some(columns) => cells_under(line, columns),
            None => headless(line),
        };
        let Some(cells) = cells else {
            continue;
        };
        let place = LineRef {
            document,
            line: u32::try_from(at + 1).unwrap_or(u32::MAX),
        };
        if header.is_none() && tables.last().is_none_or(|table| !table.columns.is_empty()) {
            tables.push(Table::default());
        }
        if let Some(table) = tables.last_mut()
            && table.rows.len() < ROWS_MAX
        {
            table.rows.push(Row { cells, place });
        }
    }
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// Columns with where they begin, in characters, if the line is a header: words in capitals, or words that headers
/// of well-known commands have.
fn header_of(line: &str) -> Option<Vec<(usize, String)>> {
    if line.contains('|') {
        return barred_header(line);
    }
    let is_capital = |word: &str| {
        word.chars().any(char::is_alphabetic)
            && word.chars().all(|c| {
                c.is_uppercase()
                    || matches!(c, '-' | '_' | '%' | '(' | ')' | '/' | '.' | '#')
                    || c.is_ascii_digit()
            })
    };
    let words: Vec<(usize, &str)> = words(line);
    let capitals = words
        .iter()
        .filter(|(_, word)| is_capital(word) || is_unit(word))
        .count();
    let starts: Vec<(usize, String)> = wide_words(line);
    let is_header = words.len() >= 2 && capitals == words.len() && starts.len() >= 2;
    let is_known = is_known_header(line) && starts.len() >= 2;
    // Headers of single spaces (`df`): each word is a column.
    if !is_header && !is_known {
        return is_known_header(line).then(|| single(words));
    }
    if starts.len() * 2 < words.len() {
        return Some(single(words));
    }
    Some(
        starts
            .into_iter()
            .map(|(at, name)| (at, name.to_uppercase()))
            .collect(),
    )
}

/// `CPU(cores)`, `MEMORY(bytes)`, `Mounted`.
fn is_unit(word: &str) -> bool {
    let name = word.split('(').next().unwrap_or_default();
    word.ends_with(')') && !name.is_empty() && name.chars().all(|c| c.is_uppercase() || c == '%')
}

fn is_known_header(line: &str) -> bool {
    let start = line.trim_start();
    [
        "Filesystem ",
        "LAST SEEN",
        "CONTAINER ID",
        "Netid ",
        "Proto ",
        "PID ",
        "USER ",
        "GROUP ",
        "Type  ",
        "Conditions",
        "UNIT ",
        "REPOSITORY ",
    ]
    .iter()
    .any(|known| start.starts_with(known))
        && line.split_whitespace().count() >= 2
}

fn single(words: Vec<(usize, &str)>) -> Vec<(usize, String)> {
    let mut columns: Vec<(usize, String)> = words
        .into_iter()
        .map(|(at, word)| (at, word.to_uppercase()))
        .collect();
    // `Mounted on` is one column.
    if let [.., (_, last), (_, on)] = columns.as_mut_slice()
        && on == "ON"
    {
        last.push_str(" ON");
        columns.pop();
    }
    columns
}

fn barred_header(line: &str) -> Option<Vec<(usize, String)>> {
    let cells = barred(line);
    let is_header = cells.len() >= 2
        && cells.iter().all(|cell| {
            cell.len() <= 40
                && cell.starts_with(char::is_alphabetic)
                && !cell.contains(['=', ':', '"'])
        });
    is_header.then(|| {
        cells
            .into_iter()
            .map(|cell| (usize::MAX, cell.to_uppercase()))
            .collect()
    })
}

fn barred(line: &str) -> Vec<String> {
    let inner = line.trim().trim_matches('|');
    inner
        .split('|')
        .map(|cell| cell.trim().to_owned())
        .collect()
}

/// A line of dashes below a header.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3
        && line
            .chars()
            .all(|c| matches!(c, '-' | '=' | '+' | '|' | ' ' | ':' | '─' | '┼'))
}

/// Words with where they begin, in characters.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut start = None;
    for (column, (at, c)) in line.char_indices().enumerate() {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some((column, at)),
            (true, Some((began, from))) => {
                words.push((began, &line[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    if let Some((began, from)) = start {
        words.push((began, &line[from..]));
    }
    words
}

/// Words parted by two spaces or a tab: names of columns may have single spaces in them.
fn wide_words(line: &str) -> Vec<(usize, String)> {
    let mut joined: Vec<(usize, usize, String)> = Vec::new();
    for (at, word) in words(line) {
        match joined.last_mut() {
            Some((_, end, text)) if at == *end + 1 && !line.contains('\t') => {
                text.push(' ');
                text.push_str(word);
                *end = at + word.chars().count();
            }
            _ => joined.push((at, at + word.chars().count(), word.to_owned())),
        }
    }
    joined.into_iter().map(|(at, _, text)| (at, text)).collect()
}

/// The cells of a row. By where the columns begin if no word crosses such a place, otherwise by wide spaces.
fn cells_under(line: &str, columns: &[(usize, String)]) -> Option<Vec<String>> {
    if columns.iter().any(|(at, _)| *at == usize::MAX) {
        let cells = barred(line);
        return (cells.len() == columns.len()).then_some(cells);
    }
    let wide: Vec<String> = wide_words(line).into_iter().map(|(_, text)| text).collect();
    if wide.len() == columns.len() {
        return Some(wide);
    }
    let single: Vec<&str> = line.split_whitespace().collect();
    if single.len() == columns.len() {
        return Some(single.into_iter().map(str::to_owned).collect());
    }
    let chars: Vec<char> = line.chars().collect();
    let mut cells = Vec::with_capacity(columns.len());
    for (place, (start, _)) in columns.iter().enumerate() {
        let end = columns
            .get(place + 1)
            .map_or(chars.len(), |(next, _)| *next);
        let cell = chars.get(*start..end.min(chars.len())).unwrap_or_default();
        cells.push(cell.iter().collect::<String>().trim().to_owned());
    }
    let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
    // Places fit if every column begins at a space or the line's start.
    let fits = columns.iter().all(|(start, _)| {
        *start == 0
            || chars
                .get(start.wrapping_sub(1))
                .is_none_or(|c| c.is_whitespace())
    });
    if fits && filled >= 1 {
        return Some(cells);
    }
    (wide.len() >= 2).then(|| {
        let mut cells = wide;
        cells.resize(columns.len().max(cells.len()), String::new());
        cells.truncate(columns.len());
        cells
    })
}

/// A row without a header, as a search in the output of `kubectl get` leaves it: one of its first cells is `1/1`.
fn headless(line: &str) -> Option<Vec<String>> {
    let cells: Vec<String> = wide_words(line).into_iter().map(|(_, text)| text).collect();
    let is_share = |cell: &String| {
        cell.split_once('/')
            .is_some_and(|(a, b)| a.parse::<u32>().is_ok() && b.parse::<u32>().is_ok())
    };
    (cells.len() >= 4 && cells.iter().take(4).any(is_share)).then_some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str) -> Vec<Table> {
        let lines: Vec<_> = text.lines().enumerate().collect();
        read(&lines, 0)
    }

    #[test]
    fn rows_are_told_apart_by_their_columns() {
        let text = "NAME      READY   STATUS    RESTARTS         AGE   NOMINATED NODE\n\
                    web-1     1/1     Running   87 (3h37m ago)   27d   <none>\n\
                    web-long-name-x   0/1   Pending   0   1d   <none>\n\
                    pvc                 Bound            \n";
        let table = &tables(text)[0];
        assert_eq!(
            table.columns,
            [
                "NAME",
                "READY",
                "STATUS",
                "RESTARTS",
                "AGE",
                "NOMINATED NODE"
            ]
        );
        assert_eq!(
            table.cell(&table.rows[0], &["RESTARTS"]),
            Some("87 (3h37m ago)")
        );
        assert_eq!(table.cell(&table.rows[1], &["STATUS"]), Some("Pending"));
        assert_eq!(table.rows[0].place.line, 2);
    }

    #[test]
    fn empty_cells_stay_empty() {
        let text = "NAME    STATUS    VOLUME   CAPACITY   STORAGECLASS   AGE\n\
                    claim   Pending                       fast           12m\n";
        let table = &tables(text)[0];
        assert_eq!(table.cell(&table.rows[0], &["STORAGECLASS"]), Some("fast"));
        assert_eq!(table.cell(&table.rows[0], &["VOLUME"]), None);
    }

    #[test]
    fn df_and_barred_tables_are_read() {
        let text = "Filesystem     1K-blocks    Used Available Use% Mounted on\n/dev/sda1       10255636 9952708         0 100% /var\n";
        let table = &tables(text)[0];
        assert_eq!(table.cell(&table.rows[0], &["USE%"]), Some("100%"));
        assert_eq!(table.cell(&table.rows[0], &["MOUNTED ON"]), Some("/var"));
        let table = &tables("| Pod | State |\n|-----|-------|\n| a | down |\n")[0];
        assert_eq!(table.cell(&table.rows[0], &["STATE"]), Some("down"));
    }

    #[test]
    fn a_row_without_its_header_is_a_row_and_prose_is_not() {
        let tables = tables(
            "default      web-1      0/1     Pending      0      36s    <none>\nThis is no table at all\n",
        );
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].rows[0].cells[3], "Pending");
    }
}

//! The shape cache: from the hash of a scanned line straight to its template and to where its
//! variables are. A cached answer is only a short cut to what the tree would answer, so it may be
//! forgotten at any time.

use std::sync::Arc;

use crate::template::Template;

/// Where a variable begins or ends, relative to what the scanner found: `base` 0 is the start of
/// the line, `2k+1` and
/// `2k+2` are the start and end of scanned variable `k`.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    base: u32,
    offset: i32,
}

/// What is known of a shape.
#[derive(Debug)]
pub(crate) struct Shape {
    hash: u64,
    /// Template of such lines.
    pub index: u32,
    template: Arc<Template>,
    /// The template's group.
    pub group: u32,
    /// Number of changes of the template's group when this was written.
    pub epoch: u32,
    /// Anchors of the variables; none when they are exactly what the scanner found.
    recipe: Option<Box<[(Anchor, Anchor)]>>,
}

/// A template as it was found for a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub index: u32,
    pub template: &'a Arc<Template>,
    pub group: u32,
    pub epoch: u32,
}

/// Direct-mapped cache with two places per hash.
#[derive(Debug)]
pub(crate) struct Shapes {
    places: Vec<Option<Shape>>,
    mask: usize,
}

impl Shapes {
    /// A cache of `capacity` shapes, rounded up to a power of two.
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(64, 1 << 24).next_power_of_two();
        Self {
            places: (0..capacity).map(|_| None).collect(),
            mask: capacity - 1,
        }
    }

    /// The shape with this hash.
    #[inline]
    pub(crate) fn get(&self, hash: u64) -> Option<&Shape> {
        let at = hash as usize & self.mask;
        let hit = |place: &Option<Shape>| place.as_ref().is_some_and(|s| s.hash == hash);
        let first = &self.places[at];
        if hit(first) {
            return first.as_ref();
        }
        let second = &self.places[at ^ 1];
        if hit(second) { second.as_ref() } else { None }
    }

    /// Remembers where the variables `found` of a line are, whose scanned ones are `scanned`.
    pub(crate) fn put(
        &mut self,
        hash: u64,
        found_template: Found<'_>,
        scanned: &[(u32, u32)],
        found: &[(u32, u32)],
    ) {
        let recipe = (scanned != found).then(|| {
            found
                .iter()
                .map(|&(s, e)| (anchor(scanned, s, false), anchor(scanned, e, true)))
                .collect()
        });
        let at = hash as usize & self.mask;
        let same = |p: &Option<Shape>| p.as_ref().is_none_or(|s| s.hash == hash);
        let place = if same(&self.places[at]) { at } else { at ^ 1 };
        self.places[place] = Some(Shape {
            hash,
            index: found_template.index,
            template: Arc::clone(found_template.template),
            group: found_template.group,
            epoch: found_template.epoch,
            recipe,
        });
    }
}

fn anchor(scanned: &[(u32, u32)], at: u32, is_end: bool) -> Anchor {
    let after = scanned.partition_point(|s| s.1 <= at);
    let inside = scanned
        .get(after)
        .filter(|s| s.0 < at || (s.0 == at && !is_end));
    let (base, from) = match inside {
        Some(&(start, end)) if is_end && start < at => (2 * after + 2, end),
        Some(&(start, _)) => (2 * after + 1, start),
        None if after == 0 => (0, 0),
        None => (2 * after, scanned[after - 1].1),
    };
    Anchor {
        base: base as u32,
        offset: at.wrapping_sub(from) as i32,
    }
}

impl Shape {
    /// Turns the scanned variables of a line into those of the template; false when the line does
    /// not fit after all.
    #[inline]
    pub(crate) fn apply(
        &self,
        line: &[u8],
        scanned: &mut Vec<(u32, u32)>,
        scratch: &mut Vec<(u32, u32)>,
    ) -> bool {
        let Some(recipe) = &self.recipe else {
            return fits(line, &self.template, scanned);
        };
        scratch.clear();
        for (start, end) in recipe {
            let (Some(s), Some(e)) = (place(scanned, *start), place(scanned, *end)) else {
                return false;
            };
            scratch.push((s, e));
        }
        if !fits(line, &self.template, scratch) {
            return false;
        }
        std::mem::swap(scanned, scratch);
        true
    }
}

fn place(scanned: &[(u32, u32)], anchor: Anchor) -> Option<u32> {
    let from = match anchor.base {
        0 => 0,
        odd if odd % 2 == 1 => scanned.get(odd as usize / 2)?.0,
        even => scanned.get(even as usize / 2 - 1)?.1,
    };
    from.checked_add_signed(anchor.offset)
}

/// Whether the line is the template with these variables, byte for byte.
#[inline]
pub(crate) fn fits(line: &[u8], template: &Template, spans: &[(u32, u32)]) -> bool {
    if template.slots.len() != spans.len() {
        return false;
    }
    let mut at = 0;
    for (part, &(start, end)) in template.parts.iter().zip(spans) {
        if start > end || line.get(at..start as usize) != Some(part) {
            return false;
        }
        at = end as usize;
    }
    line.get(at..) == template.parts.last().map(|p| &**p)
}

//! Tests of the miner from outside.

mod headers;
mod messages;
mod properties;

use tocsin_templates::{Miner, MinerConfig, Template};

/// Parses the lines with a fresh miner; returns the final template of each, and checks that each
/// line is its template.
fn mine(lines: &[&str]) -> Vec<std::sync::Arc<Template>> {
    let mut miner = Miner::new(MinerConfig::default());
    let mut variables = Vec::new();
    let indices: Vec<_> = lines
        .iter()
        .map(|line| {
            let index = miner.parse(line.as_bytes(), &mut variables);
            assert_line(&miner, index, line.as_bytes(), &variables);
            index
        })
        .collect();
    indices
        .into_iter()
        .map(|i| miner.template(miner.resolve(i)).clone())
        .collect()
}

fn assert_line(
    miner: &Miner,
    index: tocsin_templates::TemplateIndex,
    line: &[u8],
    variables: &[(u32, u32)],
) {
    let template = miner.template(index);
    assert_eq!(template.parts.len(), template.slots.len() + 1);
    assert_eq!(template.slots.len(), variables.len());
    let mut end = 0;
    for &(from, to) in variables {
        assert!(
            end <= from && from <= to && to as usize <= line.len(),
            "{variables:?}"
        );
        end = to;
    }
    let again = template.assemble(|i| &line[variables[i].0 as usize..variables[i].1 as usize]);
    assert_eq!(
        String::from_utf8_lossy(&again),
        String::from_utf8_lossy(line)
    );
    assert_eq!(again, line);
}

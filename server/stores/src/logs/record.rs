//! Reading whole records back from a block.

use std::sync::Arc;

use tocsin_domain::query::{slot_value, typed_value};
use tocsin_domain::{LogRecord, SpanId, Timestamp, TraceId, Value};

use super::block::meta::{Field, Stream, TemplateMeta, type_of};
use super::inner::Trouble;
use super::part::{BlockReader, column_in};

/// Where a row of a block is among the rows of its template, and what it has beside its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPlace<'a> {
    pub(crate) number: usize,
    pub(crate) template: &'a TemplateMeta,
    /// The place among the rows of the template.
    pub(crate) at: usize,
    pub(crate) stream: &'a Stream,
}

impl BlockReader<'_> {
    /// Finds the place of a row.
    pub(crate) fn place_of(&self, row: u32) -> Result<RowPlace<'_>, Trouble> {
        let rows = self.rows()?;
        let number = usize::from(*rows.template_of.get(row as usize).ok_or(Trouble::Damaged)?);
        let at = rows.rows_of[number]
            .binary_search(&row)
            .map_err(|_| Trouble::Damaged)?;
        let stream = rows.streams[number].get(at);
        Ok(RowPlace {
            number,
            template: &self.meta.templates[number],
            at,
            stream: self
                .meta
                .streams
                .get(stream as usize)
                .ok_or(Trouble::Damaged)?,
        })
    }

    /// The text of a slot or field.
    fn text(&self, number: usize, column: usize, at: usize) -> Result<Vec<u8>, Trouble> {
        let part = self.column(number, column)?;
        let mut text = Vec::new();
        column_in(&part)?.append(at, &mut text);
        Ok(text)
    }

    /// The variables of a row.
    pub(crate) fn variables(&self, place: RowPlace<'_>) -> Result<Vec<Vec<u8>>, Trouble> {
        (0..place.template.info.template.slots.len())
            .map(|slot| self.text(place.number, slot, place.at))
            .collect()
    }

    /// The values beside the body of a row, in the order they came.
    pub(crate) fn beside(&self, place: RowPlace<'_>) -> Result<Vec<(Field, Vec<u8>)>, Trouble> {
        let shape = self.meta.shapes.get(place.stream.shape as usize);
        let fields = &shape.ok_or(Trouble::Damaged)?.fields;
        let slots = place.template.info.template.slots.len();
        fields
            .iter()
            .map(|field| {
                let known = place
                    .template
                    .fields
                    .iter()
                    .position(|known| known == field);
                let column = known.ok_or(Trouble::Damaged)?;
                let at = self
                    .holders(place.number, *field)?
                    .binary_search(&(place.at as u32))
                    .map_err(|_| Trouble::Damaged)?;
                Ok((*field, self.text(place.number, slots + column, at)?))
            })
            .collect()
    }

    /// A whole record.
    pub(crate) fn record(&self, row: u32) -> Result<LogRecord, Trouble> {
        let place = self.place_of(row)?;
        let rows = self.rows()?;
        let run = rows.run_of(row).ok_or(Trouble::Damaged)?;
        let template = &place.template.info.template;
        let variables = self.variables(place)?;
        let mut body = Vec::new();
        template.render(variables.iter().map(Vec::as_slice), &mut body);
        let mut attributes: Vec<(Arc<str>, Value)> = Vec::new();
        let mut trace_id = None;
        let mut span_id = None;
        for (field, text) in self.beside(place)? {
            match field {
                Field::Attribute {
                    key, value_type, ..
                } => {
                    let key = self.meta.keys.get(key as usize).ok_or(Trouble::Damaged)?;
                    attributes.push((Arc::clone(key), typed_value(type_of(value_type), &text)));
                }
                Field::Trace => trace_id = text.try_into().ok().map(TraceId),
                Field::Span => span_id = text.try_into().ok().map(SpanId),
            }
        }
        for (slot, variable) in template.slots.iter().zip(&variables) {
            if let Some(key) = &slot.key {
                attributes.push((Arc::clone(key), slot_value(slot, variable)));
            }
        }
        let name = |list: &[Arc<str>], at: u32| list.get(at as usize).cloned();
        Ok(LogRecord {
            id: rows.id_of(row),
            timestamp: Timestamp(rows.times[row as usize]),
            observed: run.observed,
            source: name(&self.meta.sources, run.source).ok_or(Trouble::Damaged)?,
            host: name(&self.meta.hosts, place.stream.host).ok_or(Trouble::Damaged)?,
            severity: place.stream.severity,
            body,
            attributes,
            trace_id,
            span_id,
            template: template.id,
            issues: place.stream.issues,
        })
    }
}

//! A template and a view as one number of 128 bits, which every engine takes for a UUID: the
//! template in the high half, the view in the low. Two points never share one, and nothing has to be
//! read beside the id to know whose vector it is.

use tocsin_domain::TemplateId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PointKey(pub(super) u128);

impl PointKey {
    pub(super) fn new(template: TemplateId, view: u8) -> Self {
        Self(u128::from(template.0) << 64 | u128::from(view))
    }

    pub(super) fn template(self) -> TemplateId {
        TemplateId((self.0 >> 64) as u64)
    }

    pub(super) fn view(self) -> u8 {
        self.0 as u8
    }
}

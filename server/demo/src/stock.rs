//! What the shop sells, at what price, and how many are left.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// The product whose price can go missing.
pub(crate) const FRAGILE: u64 = 999;
/// Products beside it, numbered from 1.
pub(crate) const PRODUCTS: u64 = 40;
/// How many there are after a delivery.
pub(crate) const DELIVERED: u64 = 300;

/// The stock.
#[derive(Debug)]
pub(crate) struct Stock(Mutex<BTreeMap<u64, u64>>);

impl Stock {
    pub(crate) fn new() -> Self {
        let all = (1..=PRODUCTS).chain([FRAGILE]);
        Self(Mutex::new(
            all.map(|product| (product, DELIVERED)).collect(),
        ))
    }

    /// All products with what is left of them.
    pub(crate) fn all(&self) -> BTreeMap<u64, u64> {
        self.0.lock().clone()
    }

    /// Takes some of a product and says how many are left; what runs out is delivered at once.
    /// None if there is no such product.
    pub(crate) fn take(&self, product: u64, quantity: u64) -> Option<(u64, bool)> {
        let mut all = self.0.lock();
        let left = all.get_mut(&product)?;
        let is_delivered = *left < quantity;
        if is_delivered {
            *left = DELIVERED;
        }
        *left = left.saturating_sub(quantity);
        Some((*left, is_delivered))
    }
}

/// The price of a product in cents.
pub(crate) const fn price(product: u64) -> u64 {
    490 + product * 379 % 8000
}

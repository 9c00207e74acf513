//! Scrapes Prometheus targets: asks each for its page at an interval, and adds `up`,
//! `scrape_duration_seconds` and `scrape_samples_scraped` as Prometheus does.
//!
//! Of https targets it also says when the certificate ends. Service discovery and relabelling it
//! does not have; native histograms and exemplars it passes over.

mod certificate;
mod client;
mod config;
mod driver;
mod status;
mod target;
#[cfg(test)]
mod tests;

pub use config::{Address, Scheme, ScrapeConfig};
pub use driver::Scraper;
pub use status::{ScrapeBoard, ScrapeState, ScrapeStatus};

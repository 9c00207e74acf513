//! Who works on what: leases, and a fair share for every process.

use std::time::Instant;

use tocsin_domain::Partition;
use tocsin_domain::ports::{BusError, Shares};

use super::trouble::unavailable;
use super::{Shared, ring};

impl Shared {
    pub(super) async fn balance(&self) -> Result<Shares, BusError> {
        let asked_at = Instant::now();
        let mut script = self.scripts.balance.key(self.keys.bus());
        script.key(self.keys.members());
        for partition in 0..self.partitions {
            script.key(self.keys.events(partition));
            script.key(self.keys.state(partition));
        }
        let lease = self.config.redis.lease();
        script.arg(self.keys.group()).arg(self.keys.process());
        script.arg(lease.as_millis() as u64);
        script.arg(u8::from(self.is_closed()));
        let mut answer = self.control.run(&script).await?;
        let mut leases = answer.list().map_err(unavailable)?;
        let mut held = Vec::new();
        while !leases.is_empty() {
            let partition = leases.number().map_err(unavailable)? as u16;
            held.push((partition, leases.text().map_err(unavailable)?));
        }
        let surplus = answer.number().map_err(unavailable)? as usize;
        let mut acknowledged = answer.list().map_err(unavailable)?;
        for partition in 0..self.partitions {
            let through = acknowledged.number().map_err(unavailable)?;
            self.known.hear_acknowledged(partition, through);
        }
        self.hear_totals(asked_at, &mut answer)?;
        let mut shares = Shares {
            held: held.iter().map(|(number, _)| Partition(*number)).collect(),
            surplus: Vec::new(),
        };
        let keeps = shares.held.len().saturating_sub(surplus);
        shares.surplus = shares.held.split_off(keeps);
        // From before it was asked, so that the lease is not over in Redis any earlier.
        for lost in self.holdings.set(held, asked_at + lease) {
            if let Some(bell) = self.bells.get(usize::from(lost)) {
                ring(bell);
            }
        }
        Ok(shares)
    }

    pub(super) async fn release(&self, partition: Partition) -> Result<(), BusError> {
        self.check(partition)?;
        let Some(holding) = self.holdings.get(partition.0) else {
            return Ok(());
        };
        let mut script = self.scripts.release.key(self.keys.members());
        script.key(self.keys.state(partition.0));
        script.arg(self.keys.group()).arg(self.keys.process());
        script.arg(&holding.token);
        script.arg(u8::from(self.is_closed()));
        self.control.run(&script).await?;
        self.holdings.lose(partition.0, &holding.token);
        Ok(())
    }
}

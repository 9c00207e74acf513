//! A board where each process says what the others are to know of it, for as long as it renews that.

use std::fmt;
use std::time::Duration;

use tocsin_domain::ports::BusError;

use super::config::RedisBusConfig;
use super::link::Link;
use super::process;
use super::scripts::Scripts;
use super::trouble::unavailable;

/// The board. Nothing on it is kept: whoever does not renew what it said is forgotten.
pub struct RedisBoard {
    link: Link,
    scripts: Scripts,
    tag: String,
    process: String,
}

impl fmt::Debug for RedisBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBoard").finish_non_exhaustive()
    }
}

impl RedisBoard {
    /// Opens the board; connects when it is needed.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] if the configuration cannot be.
    pub fn open(config: &RedisBusConfig) -> Result<Self, BusError> {
        config.check().map_err(unavailable)?;
        let client = config.client().map_err(unavailable)?;
        Ok(Self {
            link: Link::new(client, config.timeout()),
            scripts: Scripts::new(),
            tag: format!("{{{}:processes}}", config.key_prefix),
            process: process(),
        })
    }

    /// Says something of this process, in place of what it said before; it holds for so long.
    ///
    /// # Errors
    /// [`BusError::Unavailable`].
    pub async fn say(&self, said: &[u8], holds: Duration) -> Result<(), BusError> {
        let mut asked = self.scripts.watch.prepare_invoke();
        asked.key(self.said()).key(self.until());
        let holds = u64::try_from(holds.as_millis()).unwrap_or(u64::MAX);
        asked.arg(&self.process).arg(said).arg(holds).arg("");
        self.link.value(&asked).await?;
        Ok(())
    }

    /// Takes back what this process said.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]; it is forgotten by itself then.
    pub async fn leave(&self) -> Result<(), BusError> {
        self.say(b"", Duration::ZERO).await
    }

    /// What the other processes said.
    ///
    /// # Errors
    /// [`BusError::Unavailable`].
    pub async fn others(&self) -> Result<Vec<Vec<u8>>, BusError> {
        let mut asked = self.scripts.watched.prepare_invoke();
        asked.key(self.said()).key(self.until());
        let mut answer = self.link.run(&asked).await?;
        let mut others = Vec::new();
        while !answer.is_empty() {
            let process = answer.text().map_err(unavailable)?;
            let said = answer.bytes().map_err(unavailable)?;
            if process != self.process {
                others.push(said.into());
            }
        }
        Ok(others)
    }

    /// Hash: what each process says.
    fn said(&self) -> String {
        format!("{}:said", self.tag)
    }

    /// Sorted set: until when it holds.
    fn until(&self) -> String {
        format!("{}:until", self.tag)
    }
}

//! A connection to Redis that comes back by itself.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, ScriptInvocation, Value,
};
use tokio::sync::Mutex;

use super::scripts::{Answer, Unexpected};
use super::trouble::{failed, unavailable};
use tocsin_domain::ports::BusError;

/// After a failed attempt to connect, callers are told so for this long before the next attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// Why there is no answer, by what may have happened.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was sent.
    NotSent(RedisError),
    /// Redis said no, and did nothing.
    Refused(RedisError),
    /// It was sent, and the answer was lost.
    Unknown(RedisError),
    /// An answer that is none of ours.
    Unexpected(Unexpected),
}

impl From<Failure> for BusError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(error) | Failure::Refused(error) | Failure::Unknown(error) => {
                failed(error)
            }
            Failure::Unexpected(error) => unavailable(error),
        }
    }
}

impl From<Unexpected> for Failure {
    fn from(error: Unexpected) -> Self {
        Self::Unexpected(error)
    }
}

/// One connection, opened when it is needed and again after it broke.
pub(super) struct Link {
    client: Client,
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Which connection it is, counted.
    number: u64,
    failed: Option<(Instant, RedisError)>,
}

impl Link {
    /// `timeout` bounds connecting and each answer.
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        Self {
            client,
            timeout,
            state: Mutex::default(),
        }
    }

    /// Carries out a script.
    pub(super) async fn run(&self, script: &ScriptInvocation<'_>) -> Result<Answer, Failure> {
        let value = self.value(script).await?;
        Ok(Answer::new(value)?)
    }

    /// Carries out a script that answers one value.
    pub(super) async fn value(&self, script: &ScriptInvocation<'_>) -> Result<Value, Failure> {
        let (mut connection, number) = self.connection().await?;
        let answer = script.invoke_async(&mut connection).await;
        self.judge(number, answer).await
    }

    /// Sends one command.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let (mut connection, number) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        self.judge(number, answer).await
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), Failure> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok((connection.clone(), state.number));
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(Failure::NotSent(error.clone()));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let opened = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        match opened.await {
            Ok(connection) => {
                state.connection = Some(connection.clone());
                state.number += 1;
                state.failed = None;
                Ok((connection, state.number))
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(Failure::NotSent(error))
            }
        }
    }

    /// Tells what a failure means, and lets go of a connection that is of no use any more.
    async fn judge<T>(&self, number: u64, answer: Result<T, RedisError>) -> Result<T, Failure> {
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let code = error.code();
        // Behind the same name another may be the primary by now.
        if code.is_none() || matches!(code, Some("READONLY" | "MASTERDOWN")) {
            let mut state = self.state.lock().await;
            if state.number == number {
                state.connection = None;
            }
        }
        Err(match code {
            Some(_) => Failure::Refused(error),
            None => Failure::Unknown(error),
        })
    }
}

//! Opens the stream of durable commands, and refuses one that would not keep them.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use async_nats::jetstream::context::CreateStreamError;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use stario::StoreError;

use super::NatsQueue;
use super::wire::Subjects;
use crate::connection::Nats;

/// How long a request to the server takes at most.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The store of durable commands that [`Nats::queue`] opens, when it is awaited.
#[must_use = "a stream is opened when it is awaited"]
pub struct OpenQueue {
    nats: Nats,
    name: String,
    replicas: Option<usize>,
    payload_limit: Option<usize>,
}

impl Nats {
    /// Opens a store of durable commands, for [`App::durable`](stario::App::durable): a stream of `JetStream`, which is made if it is not there.
    /// All processes that open it share its commands, and run them.
    ///
    /// ```no_run
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::detached_command("/import", durable = "import")]
    /// async fn import(rows: JsonBody<Vec<String>>, log: Logger) {
    ///     log.with("rows", rows.len()).info("imported");
    /// }
    ///
    /// # async fn serve() -> stario::Result {
    /// let nats = stario_nats::connect("nats://localhost:4222").await?;
    /// app::new().durable(nats.queue("shop").await?).serve().await
    /// # }
    /// # fn main() {}
    /// ```
    ///
    /// The stream is called `commands_` and the name, which has letters, digits, `-` and `_`, and its subjects begin with that and a dot. The server needs
    /// `JetStream` with files (`nats-server -js -sd FOLDER`), version 2.9 or later. It is opened when this process knows what is stored.
    pub fn queue(&self, name: impl Into<String>) -> OpenQueue {
        OpenQueue { nats: self.clone(), name: name.into(), replicas: None, payload_limit: None }
    }
}

impl OpenQueue {
    /// Sets on how many servers of a cluster the stream is kept. Unless set, a stream that is there stays as it is, and a new one is kept on 1. With three, an acknowledged command is in the memory of
    /// two of them at least.
    pub fn replicas(mut self, servers: usize) -> Self {
        self.replicas = Some(servers);
        self
    }

    /// Sets the most bytes of one command's values. Unless set, it is what fits into a message of the server (`max_payload`), less a 32nd:
    /// 992 KiB of the 1 MiB that a server takes by default. A file that is uploaded is part of them.
    pub fn payload_limit(mut self, bytes: usize) -> Self {
        self.payload_limit = Some(bytes);
        self
    }

    async fn open(self) -> Result<NatsQueue, OpenQueueError> {
        let Self { nats, name, replicas, payload_limit } = self;
        let stream_name = format!("commands_{name}");
        let subjects = Subjects::new(&stream_name);
        let config = Config {
            name: stream_name.clone(),
            subjects: vec![subjects.all()],
            max_messages_per_subject: 1,
            // A full stream refuses what is new; it must forget nothing.
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            allow_direct: true,
            num_replicas: replicas.unwrap_or(1),
            ..Config::default()
        };
        let failed = |problem| OpenQueueError { stream: stream_name.clone(), problem };
        let context = async_nats::jetstream::context::ContextBuilder::new()
            .timeout(TIMEOUT)
            .build(nats.client().clone());
        let mut stream = context
            .get_or_create_stream(config.clone())
            .await
            .map_err(|cause| failed(Problem::Failed(cause)))?;
        let found = stream.cached_info().config.clone();
        if let Some(why) = unfit(&found, &subjects.all()) {
            return Err(failed(Problem::Unfit(why)));
        }
        if let Some(replicas) = replicas
            && found.num_replicas != replicas
        {
            let changed = Config { num_replicas: replicas, ..found };
            context.update_stream(&changed).await.map_err(|cause| failed(Problem::Failed(cause)))?;
            stream =
                context.get_or_create_stream(config).await.map_err(|cause| failed(Problem::Failed(cause)))?;
        }
        let queue = NatsQueue::new(nats, context, stream, subjects, payload_limit);
        queue.await.map_err(|cause| failed(Problem::Unread(cause)))
    }
}

/// Why a stream would not keep commands as this store needs it.
fn unfit(config: &Config, subjects: &str) -> Option<&'static str> {
    let is_bounded = config.max_messages > 0 || config.max_bytes > 0;
    if config.subjects != [subjects] {
        Some("it has other subjects")
    } else if config.max_messages_per_subject != 1 {
        Some("it does not keep one message of each subject")
    } else if config.discard_new_per_subject {
        Some("it refuses a second message of a subject, so nothing could change")
    } else if config.retention != RetentionPolicy::Limits {
        Some("it drops messages that were read")
    } else if !config.max_age.is_zero() {
        Some("it drops messages by their age, so it would forget commands that wait")
    } else if is_bounded && config.discard != DiscardPolicy::New {
        Some("it drops old messages when it is full, so it would forget commands that wait")
    } else if config.storage != StorageType::File {
        Some("it is in the memory of the server, so it would end with it")
    } else if config.no_ack {
        Some("it acknowledges nothing")
    } else if config.sealed || config.deny_delete {
        Some("it does not allow messages to be deleted")
    } else if !config.allow_direct {
        Some("it does not allow messages to be read directly, which needs `nats-server` 2.9 or later")
    } else {
        None
    }
}

impl IntoFuture for OpenQueue {
    type Output = Result<NatsQueue, OpenQueueError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

/// A stream of durable commands cannot be opened.
#[derive(Debug)]
pub struct OpenQueueError {
    stream: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Failed(CreateStreamError),
    Unread(StoreError),
    Unfit(&'static str),
}

impl fmt::Display for OpenQueueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = &self.stream;
        match &self.problem {
            Problem::Failed(_) => write!(
                formatter,
                "the stream `{stream}` of JetStream cannot be opened: is the server started with `-js`?"
            ),
            Problem::Unread(_) => write!(formatter, "the stream `{stream}` of JetStream cannot be read"),
            Problem::Unfit(why) => {
                write!(formatter, "the stream `{stream}` of JetStream cannot hold durable commands: {why}")
            }
        }
    }
}

impl std::error::Error for OpenQueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Failed(cause) => Some(cause),
            Problem::Unread(cause) => Some(&**cause),
            Problem::Unfit(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_would_forget_commands_is_refused() {
        let fit = || Config {
            subjects: vec!["commands_shop.>".to_owned()],
            max_messages_per_subject: 1,
            allow_direct: true,
            ..Config::default()
        };
        let check = |config: Config, expected: Option<&str>| {
            let found = unfit(&config, "commands_shop.>");
            assert_eq!(found.map(|why| why.split(',').next().unwrap()), expected);
        };
        check(fit(), None);
        check(Config { max_bytes: 7, discard: DiscardPolicy::New, ..fit() }, None);
        check(
            Config { max_bytes: 7, discard: DiscardPolicy::Old, ..fit() },
            Some("it drops old messages when it is full"),
        );
        check(Config { max_age: TIMEOUT, ..fit() }, Some("it drops messages by their age"));
        check(Config { storage: StorageType::Memory, ..fit() }, Some("it is in the memory of the server"));
        check(
            Config { max_messages_per_subject: 2, ..fit() },
            Some("it does not keep one message of each subject"),
        );
        check(
            Config { discard_new_per_subject: true, discard: DiscardPolicy::New, ..fit() },
            Some("it refuses a second message of a subject"),
        );
        check(Config { subjects: vec!["other.>".to_owned()], ..fit() }, Some("it has other subjects"));
        check(
            Config { retention: RetentionPolicy::WorkQueue, ..fit() },
            Some("it drops messages that were read"),
        );
    }
}

//! Statements that were sent and whose answers nobody has looked at yet.
//!
//! The server answers statements in the order they were sent, so a writer need not wait for one before it sends the
//! next: what would be a round trip each, with rows locked meanwhile, becomes one. The first poll of a statement's
//! future hands it to the connection; its answer is looked at beside the next statement whose rows are wanted, and
//! at the latest beside the commit.
//!
//! Answers must be polled for while anything else is waited for: the connection reads no further than the first
//! answer that nobody takes.

use std::pin::Pin;

use futures_util::future::join;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt as _, StreamExt as _};

use crate::db::DbError;

type Sent = Pin<Box<dyn Future<Output = Result<(), DbError>> + Send>>;

/// The statements of one transaction that are under way.
#[derive(Default)]
pub(super) struct Pipeline {
    sent: FuturesOrdered<Sent>,
    /// The first failure that nobody has been told of.
    failure: Option<DbError>,
}

impl Pipeline {
    /// Sends `statement` without waiting for its answer.
    pub(super) fn send(&mut self, statement: impl Future<Output = Result<(), DbError>> + Send + 'static) {
        let mut statement: Sent = Box::pin(statement);
        match statement.as_mut().now_or_never() {
            Some(Ok(())) => {}
            Some(Err(error)) => drop(self.failure.get_or_insert(error)),
            None => self.sent.push_back(statement),
        }
    }

    /// Waits for `own` and for everything sent before it. A failure of the earlier comes first: it is the cause.
    pub(super) async fn beside<T>(
        &mut self,
        own: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        let result = self.both(own).await;
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => result,
        }
    }

    /// The same for a statement that takes back what was sent before it, failures included.
    pub(super) async fn recover(
        &mut self,
        own: impl Future<Output = Result<(), DbError>>,
    ) -> Result<(), DbError> {
        let result = self.both(own).await;
        self.failure = None;
        result
    }

    async fn both<T>(&mut self, own: impl Future<Output = T>) -> T {
        let (sent, failure) = (&mut self.sent, &mut self.failure);
        let earlier = async {
            // Noted as they come, so that a caller who gives up waiting loses none of them.
            while let Some(answer) = sent.next().await {
                if let Err(error) = answer {
                    failure.get_or_insert(error);
                }
            }
        };
        join(earlier, own).await.1
    }
}

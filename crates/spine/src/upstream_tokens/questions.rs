//! The questions for tokens that are under way. One asks, and all who wait for it share what it gets, a failure too; who
//! comes later asks anew.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::held::Owner;

/// Whose token is asked for, and a digest of what it is asked by: who brings another secret waits for no other's answer.
pub(super) type Subject = (Owner, [u8; 32]);

/// Those that are under way.
#[derive(Default)]
pub(super) struct Questions {
    open: Mutex<HashMap<Subject, Weak<Question>>>,
}

/// One of them, which runs in a task of its own: whoever leaves does not take the answer for the others along.
pub(super) struct Question {
    answer: watch::Receiver<Option<Result<Secret, Arc<PortError>>>>,
    /// `None` where it goes on though nobody waits for it any more.
    task: Option<AbortHandle>,
}

/// What becomes of a question for which nobody waits any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unawaited {
    /// It ends: nothing is sent for those who have left.
    Ends,
    /// It goes on, and later ones may join it: what it spends is spent once, and what it gets must be kept.
    GoesOn,
}

impl Questions {
    /// The question of this subject that is under way, else the one that `begin` gives; and whether it is new.
    pub(super) fn join<Work>(
        &self,
        subject: Subject,
        unawaited: Unawaited,
        begin: impl FnOnce() -> Work,
    ) -> (Arc<Question>, bool)
    where
        Work: Future<Output = Result<Secret, PortError>> + Send + 'static,
    {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, question| question.strong_count() > 0);
        let under_way = open.get(&subject).and_then(Weak::upgrade);
        if let Some(question) = under_way.filter(|question| question.answer.borrow().is_none()) {
            return (question, false);
        }
        let question = Question::begun(unawaited, begin());
        open.insert(subject, Arc::downgrade(&question));
        (question, true)
    }
}

impl Question {
    /// What it gets, for each who waits.
    ///
    /// # Errors
    /// Those of the question; `upstream_token_unavailable` when it broke off.
    pub(super) async fn answer(&self) -> Result<Secret, PortError> {
        let mut answer = self.answer.clone();
        let Ok(answer) = answer.wait_for(Option::is_some).await else { return Err(given_up()) };
        match &*answer {
            Some(Ok(token)) => Ok(token.clone()),
            Some(Err(error)) => {
                let shared = PortError::new(error.kind(), error.code(), error.detail());
                Err(shared.with_source(Arc::clone(error)))
            }
            None => Err(given_up()),
        }
    }

    fn begun(
        unawaited: Unawaited,
        work: impl Future<Output = Result<Secret, PortError>> + Send + 'static,
    ) -> Arc<Self> {
        let (tell, answer) = watch::channel(None);
        let told = async move {
            tell.send_replace(Some(work.await.map_err(Arc::new)));
        };
        match unawaited {
            Unawaited::Ends => {
                let task = tokio::spawn(told.in_current_span()).abort_handle();
                Arc::new(Self { answer, task: Some(task) })
            }
            Unawaited::GoesOn => {
                let question = Arc::new(Self { answer, task: None });
                let joinable = Arc::clone(&question);
                let told = async move {
                    told.await;
                    drop(joinable);
                };
                tokio::spawn(told.in_current_span());
                question
            }
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn given_up() -> PortError {
    let detail = "the question for a token broke off on our side";
    PortError::new(PortErrorKind::Unavailable, codes::UPSTREAM_TOKEN_UNAVAILABLE, detail)
}

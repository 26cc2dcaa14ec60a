//! How a request comes in: who asks, room for its tenant, and its body.
//!
//! A call may come in on a key that is only recognised: it looks at the key again, with its facts. Nobody else may, and nobody
//! who may have been shut out holds room while the rest of a body is awaited, or is told what is wrong with a request.

use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use portcullis_schemas::Error;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::principal::Principal;
use portcullis_spine::{Slot, Spine};

use crate::body;

/// How old an authentication may be. A body that takes longer to arrive must not outlive its key's revocation.
const FRESH: Duration = Duration::from_millis(500);

/// A request that is let in.
pub(crate) struct Admitted {
    pub(crate) principal: Principal,
    /// Whether the key was only recognised: then it is good for calls alone, see [`Spine::recognise`].
    pub(crate) is_recognised: bool,
    /// To be held until it is answered.
    pub(crate) room: Slot<TenantId>,
    pub(crate) body: Bytes,
}

/// The key or the token of a request, and what for it is to be good.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) spine: &'a Spine,
    pub(crate) text: &'a str,
    pub(crate) good_for: GoodFor<'a>,
}

/// See [`Presented`].
#[derive(Clone, Copy)]
pub(crate) enum GoodFor<'a> {
    /// An operation of a route.
    Operation(&'a str),
    /// What is asked for at this path.
    Path(&'a str),
}

impl Presented<'_> {
    /// Lets its request in: at once if it is recognised and all of the body is there, else when it is authenticated.
    ///
    /// # Errors
    /// As [`Presented::authenticate`]; `overloaded`; as [`body::read`].
    pub(crate) async fn admit(self, body: Body) -> Result<Admitted, Error> {
        let mut reading = pin!(body::read(body));
        let recognised = self.recognise();
        let arrived = match recognised {
            Some(_) => at_once(reading.as_mut()).await,
            None => None,
        };
        if let (Some(principal), Some(Ok(body))) = (&recognised, &arrived)
            && let Ok(room) = self.spine.room(principal.tenant()).await
        {
            let (principal, body) = (principal.clone(), body.clone());
            return Ok(Admitted { principal, is_recognised: true, room, body });
        }
        let clock = &self.spine.ports().clock;
        let mut principal = self.authenticate().await?;
        let known_at = clock.monotonic();
        let room = self.spine.room(principal.tenant()).await?;
        let body = match arrived {
            Some(read) => read?,
            None => reading.await?,
        };
        if clock.monotonic().saturating_sub(known_at) > FRESH {
            principal = self.authenticate().await?;
        }
        Ok(Admitted { principal, is_recognised: false, room, body })
    }

    /// Looks it up, whatever is remembered of it.
    ///
    /// # Errors
    /// As [`Spine::authenticate`].
    pub(crate) async fn authenticate(self) -> Result<Principal, Error> {
        match self.good_for {
            GoodFor::Operation(InvokeMcpTool::NAME) => self.spine.authenticate(self.text).await,
            GoodFor::Operation(operation) => self.spine.authenticate_for(operation, self.text).await,
            GoodFor::Path(path) => self.spine.authenticate_at(path, self.text).await,
        }
    }

    fn recognise(self) -> Option<Principal> {
        match self.good_for {
            GoodFor::Operation(InvokeMcpTool::NAME) | GoodFor::Path(_) => self.spine.recognise(self.text),
            GoodFor::Operation(_) => None,
        }
    }
}

/// What it gives without a wait.
async fn at_once<T>(work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = ready(()) => None,
    }
}

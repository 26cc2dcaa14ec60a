//! The waiting at the edge of the decision: lanes in memory, each as long as somebody is in it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_schemas::runtime::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{Admission, Bounds, Limit, Occupancy, RETRY, Refusal, admit};

/// The weight of the newest stay in the average, as a divisor.
const WEIGHT: u32 = 8;

/// A gate with a lane for each key. Cheap to clone; all clones are one.
pub(crate) struct Gate<K: Eq + Hash + Clone> {
    shared: Arc<Shared<K>>,
}

/// A place in a lane; dropping it gives it back.
#[must_use = "dropping it gives the place back"]
pub struct Slot<K: Eq + Hash + Clone> {
    // In this order: whoever waits gets the place before the lane counts one less.
    _place: OwnedSemaphorePermit,
    _seat: Seat<K>,
}

struct Shared<K> {
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    lanes: Mutex<Lanes<K>>,
}

struct Lanes<K> {
    by_key: HashMap<K, Lane>,
    everywhere: usize,
}

struct Lane {
    places: Arc<Semaphore>,
    here: usize,
    held: Option<Duration>,
    moved: Duration,
}

/// One who is counted in a lane, waiting or served.
struct Seat<K: Eq + Hash> {
    shared: Arc<Shared<K>>,
    key: K,
    served_since: Option<Duration>,
}

impl<K: Eq + Hash + Clone> Gate<K> {
    /// An empty gate.
    pub(crate) fn new(bounds: Bounds, clock: Arc<dyn Clock>) -> Self {
        let lanes = Mutex::new(Lanes { by_key: HashMap::new(), everywhere: 0 });
        Self { shared: Arc::new(Shared { bounds, clock, lanes }) }
    }

    /// A place in the lane of `key`, at once or after a short wait, which `longest` bounds besides. First come, first
    /// served.
    ///
    /// # Errors
    /// [`Refusal`], most often at once; the lane is as it was.
    pub(crate) async fn enter(&self, key: K, longest: Duration) -> Result<Slot<K>, Refusal> {
        let (mut seat, places, patience) = Shared::arrive(&self.shared, key, longest)?;
        let place = match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => timeout(patience, places.acquire_owned()).await.ok().and_then(Result::ok),
        };
        let Some(place) = place else {
            return Err(Refusal { limit: Limit::Lane, retry_after: RETRY.0 });
        };
        seat.is_served();
        Ok(Slot { _place: place, _seat: seat })
    }

    /// How many are in it, served and waiting; and how many lanes it has.
    #[cfg(test)]
    pub(super) fn occupied(&self) -> (usize, usize) {
        let lanes = self.shared.locked();
        (lanes.everywhere, lanes.by_key.len())
    }
}

impl<K: Eq + Hash + Clone> Clone for Gate<K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K: Eq + Hash + Clone> Shared<K> {
    /// Counts somebody in, or not.
    fn arrive(
        shared: &Arc<Self>,
        key: K,
        longest: Duration,
    ) -> Result<(Seat<K>, Arc<Semaphore>, Duration), Refusal> {
        let (now, bounds) = (shared.clock.monotonic(), &shared.bounds);
        let mut lanes = shared.locked();
        let lane = lanes.by_key.get(&key);
        let seen = Occupancy {
            here: lane.map_or(0, |lane| lane.here),
            everywhere: lanes.everywhere,
            held: lane.and_then(|lane| lane.held),
            still: lane.map_or(Duration::ZERO, |lane| now.saturating_sub(lane.moved)),
        };
        let patience = match admit(bounds, &seen, longest) {
            Admission::Refuse(refusal) => return Err(refusal),
            Admission::Wait(patience) => patience,
            Admission::Enter => longest,
        };
        lanes.everywhere += 1;
        let lane = lanes.by_key.entry(key.clone()).or_insert_with(|| Lane::empty(bounds.at_once, now));
        lane.here += 1;
        let places = Arc::clone(&lane.places);
        Ok((Seat { shared: Arc::clone(shared), key, served_since: None }, places, patience))
    }
}

impl<K> Shared<K> {
    fn locked(&self) -> MutexGuard<'_, Lanes<K>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn empty(places: usize, now: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), here: 0, held: None, moved: now }
    }

    fn left_after(&mut self, stay: Duration, now: Duration) {
        self.moved = now;
        self.held = Some(match self.held {
            Some(held) => (held * (WEIGHT - 1) + stay) / WEIGHT,
            None => stay,
        });
    }
}

impl<K: Eq + Hash> Seat<K> {
    fn is_served(&mut self) {
        let now = self.shared.clock.monotonic();
        self.served_since = Some(now);
        if let Some(lane) = self.shared.locked().by_key.get_mut(&self.key) {
            lane.moved = now;
        }
    }
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let now = self.shared.clock.monotonic();
        let mut lanes = self.shared.locked();
        lanes.everywhere = lanes.everywhere.saturating_sub(1);
        let Some(lane) = lanes.by_key.get_mut(&self.key) else { return };
        lane.here = lane.here.saturating_sub(1);
        if let Some(since) = self.served_since {
            lane.left_after(now.saturating_sub(since), now);
        }
        if lane.here == 0 {
            lanes.by_key.remove(&self.key);
        }
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Gate<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("bounds", &self.shared.bounds).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Slot<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}

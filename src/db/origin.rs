//! From where a write comes. The web server says it once for each request, and every write that
//! the request makes carries it along, to another thread too: so the audit log knows it without
//! each handler passing it on, and no handler can forget to.

use std::cell::RefCell;
use std::net::IpAddr;

/// From where a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The caller's address.
    pub address: IpAddr,
}

tokio::task_local! {
    static REQUEST: Option<Origin>;
}

thread_local! {
    static WORK: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

/// Runs `work`, whose writes come from `origin`.
pub async fn within<F: Future>(origin: Option<Origin>, work: F) -> F::Output {
    REQUEST.scope(origin, work).await
}

/// From where the work comes that this thread is doing; nothing for commands and jobs.
pub fn current() -> Option<Origin> {
    WORK.with_borrow(|origin| *origin)
}

/// The origin of the request that is being answered now.
pub(super) fn of_request() -> Option<Origin> {
    REQUEST.try_with(|origin| *origin).ok().flatten()
}

/// Does `work`, which comes from `origin`, on this thread.
pub(super) fn done_for<T>(origin: Option<Origin>, work: impl FnOnce() -> T) -> T {
    let _reset = Reset(WORK.replace(origin));
    work()
}

/// `work` with the origin of the request that asks for it now.
pub(super) fn carry<A, T>(work: impl Fn(&mut A) -> T) -> impl Fn(&mut A) -> T {
    let origin = of_request();
    move |argument| done_for(origin, || work(argument))
}

/// As `carry`, for work that is done once.
pub(super) fn carry_once<A, T>(work: impl FnOnce(&mut A) -> T) -> impl FnOnce(&mut A) -> T {
    let origin = of_request();
    move |argument| done_for(origin, || work(argument))
}

/// Puts back what was there, also where the work panics.
struct Reset(Option<Origin>);

impl Drop for Reset {
    fn drop(&mut self) {
        WORK.set(self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_write_knows_its_request_on_another_thread_and_only_while_it_runs() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let origin = Origin { address: "192.0.2.7".parse().unwrap() };
        let work = runtime.block_on(within(Some(origin), async { carry(|(): &mut ()| current()) }));
        let seen = std::thread::spawn(move || (work(&mut ()), current())).join().unwrap();
        assert_eq!(seen, (Some(origin), None));
        assert_eq!(carry(|(): &mut ()| current())(&mut ()), None);
    }
}

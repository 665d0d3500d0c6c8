//! Hands the listening sockets of a server over to the process that takes its place: a new version, for example.
//!
//! Both processes hold the same open sockets. So the system's queues of new connections are never closed, and a client
//! that connects while neither process accepts waits there. The sockets are passed by a Unix socket at a path that both know, which is
//! one of them: its file stays, and a third process that connects waits in its queue.
//!
//! ```text
//! the old process                                          the new process
//!
//! serving <-----------------+                              connects --nobody listens there--> binds addresses and path,
//!    |  another connects    | its connection ended,           |                                serves
//!    v                      | or 5 minutes passed             |  sockets come
//! offering -----------------+ (`Revoked`)                     v
//!    |                                                      starting: hooks, singletons, addresses that are missing
//!    |  `Ready` <--------------------------------------------  |
//!    |  or SIGTERM                                             v
//!    v                                                      ready: waits --`Revoked`--> fails
//! accepts no more, leaves the files of its sockets            |
//!    |                                                         |
//!    |  `Yielded` -------------------------------------------> |  or the connection ended: the old process has died;
//!    v                                                         |  or 10 seconds passed: `Ready` will be read
//! ends as at SIGTERM                                           v
//!                                                           owns the files, serves
//! ```
//!
//! What holds: the new process accepts only when the old one has stopped accepting, or has said nothing for 10 seconds, as a suspended
//! or stuck process does. If that process resumes, both accept until it has read `Ready`, and each answers what it accepts. Whatever
//! fails before `Ready` changes nothing for the old process. The file of a socket is removed only by the last process that has it. While a
//! process is being offered the sockets, others are refused (`Busy`).
//!
//! From `Yielded` on, the old process has closed the sockets. If the new one is killed then, nobody listens until it is started again, even
//! while the old one still drains: a stop is not taken back. Sockets that systemd holds (a socket unit) stay open all the same.
//!
//! `SO_REUSEPORT` would need no hand-over, but gives each socket a queue of its own, and resets what waits in the queue of a socket that is
//! closed.
//!
//! Each process checks that the other one runs as the same user.

mod claim;
mod folder;
mod offer;
mod protocol;

pub(super) use claim::Claim;
pub(super) use offer::Offer;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::{Path, PathBuf};
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::Duration;

    use tempfile::TempDir;
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixListener;

    use super::super::listener::Listener;
    use super::super::places::Role;
    use super::*;
    use crate::settings::Address;

    type Listeners = Vec<(Arc<Listener>, Role)>;

    /// A path in a folder of its own.
    fn place() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hand-over.sock");
        (folder, path)
    }

    fn listeners(claim: &mut Claim, address: &Address) -> Listeners {
        let listeners = claim.listeners(std::slice::from_ref(address), 16).unwrap();
        listeners.into_iter().map(|listener| (Arc::new(listener), Role::Served)).collect()
    }

    /// A process that was the first, and the address on which it listens.
    async fn first(path: &Path) -> (Offer, Listeners, Address) {
        let mut claim = Claim::at(path).await.unwrap();
        let listeners = listeners(&mut claim, &Address::Tcp(([127, 0, 0, 1], 0).into()));
        let Listener::Tcp(listener) = &*listeners[0].0 else { panic!("a TCP address") };
        let address = Address::Tcp(listener.local_addr().unwrap());
        (claim.finish(&listeners).await.unwrap(), listeners, address)
    }

    /// Offers the listeners while `other` runs, which is another process.
    async fn offering<T>(offer: &mut Offer, listeners: &Listeners, other: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            other = other => other,
            () = offer.taken(listeners) => panic!("the sockets were taken"),
        }
    }

    fn text<T>(result: crate::Result<T>) -> String {
        result.map(drop).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn the_new_process_accepts_when_the_old_one_has_stopped_to() {
        let (_folder, path) = place();
        let (mut offer, old, address) = first(&path).await;
        let mut claim = offering(&mut offer, &old, Claim::at(&path)).await.unwrap();
        let new = listeners(&mut claim, &address);
        assert!(new[0].0.is_at(&address));
        let mut finish = std::pin::pin!(claim.finish(&new));
        // The old one learns that the new one is ready, and has not said yet that it accepts no more.
        tokio::select! {
            biased;
            _ = &mut finish => panic!("both accept"),
            () = offer.taken(&old) => {}
        }
        let (next, ()) = tokio::join!(finish, offer.finish(&old));
        drop(old);
        assert!(path.exists());
        drop(next.unwrap());
        assert!(!path.exists());
    }

    /// What happens to one of the processes at some step of a hand-over.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Event {
        NewIsKilled,
        /// Its files stay.
        OldIsKilled,
        OldIsStopped,
    }

    /// Polls the process once, unless it has ended, and has tokio look at the sockets.
    async fn step<F: Future + Unpin>(process: &mut Option<F>) -> Option<F::Output> {
        let running = process.as_mut()?;
        let polled = std::future::poll_fn(|ctx| Poll::Ready(Pin::new(&mut *running).poll(ctx))).await;
        tokio::task::yield_now().await;
        let Poll::Ready(ended) = polled else { return None };
        *process = None;
        Some(ended)
    }

    /// Runs a hand-over for so many steps, has `event` happen, and runs what is left. Returns whether the new process accepted
    /// connections before the event.
    async fn hand_over(steps: usize, event: Event) -> bool {
        let (_folder, path) = place();
        let (mut offer, old, address) = first(&path).await;
        let (has_old_stopped, does_new_accept) = (Cell::new(false), Cell::new(false));
        let stop = crate::stop::StopSignal::default();
        let mut old_process = Some(Box::pin(async {
            // Dropped with the process.
            let old = old;
            tokio::select! {
                biased;
                () = stop.stopped() => {}
                () = offer.taken(&old) => {}
            }
            // The tasks that accept are ended.
            tokio::task::yield_now().await;
            has_old_stopped.set(true);
            offer.finish(&old).await;
        }));
        let mut new_process = Some(Box::pin(async {
            let mut claim = Claim::at(&path).await.unwrap();
            // The start hooks.
            tokio::task::yield_now().await;
            let new = listeners(&mut claim, &address);
            let next = claim.finish(&new).await.unwrap();
            does_new_accept.set(true);
            (next, new)
        }));
        let mut new = None;
        for _ in 0..steps {
            new = new.or(step(&mut new_process).await);
            step(&mut old_process).await;
            assert!(has_old_stopped.get() || !does_new_accept.get(), "both accept after {steps} steps");
        }
        let was_complete = does_new_accept.get();
        match event {
            Event::NewIsKilled => {
                new_process = None;
                new = None;
            }
            Event::OldIsKilled => {
                let aside = path.with_extension("aside");
                let _ = std::fs::rename(&path, &aside);
                old_process = None;
                let _ = std::fs::rename(&aside, &path);
                has_old_stopped.set(true);
            }
            Event::OldIsStopped => stop.stop(),
        }
        for _ in 0..50 {
            new = new.or(step(&mut new_process).await);
            step(&mut old_process).await;
            assert!(
                has_old_stopped.get() || !does_new_accept.get(),
                "both accept {steps} steps before {event:?}"
            );
        }
        let Address::Tcp(address) = address else { unreachable!("it is one of TCP") };
        let is_open = std::net::TcpStream::connect(address).is_ok();
        let context = format!("{event:?} after {steps} steps");
        if event == Event::NewIsKilled {
            // The old process keeps serving, unless it has read `Ready`.
            assert_eq!(is_open, !has_old_stopped.get(), "{context}");
            assert_eq!(old_process.is_some(), is_open, "{context}");
        } else {
            assert!(is_open && new.is_some() && old_process.is_none() && path.exists(), "{context}");
        }
        was_complete
    }

    #[tokio::test]
    async fn at_every_step_either_process_may_end_and_one_accepts_at_most() {
        for event in [Event::NewIsKilled, Event::OldIsKilled, Event::OldIsStopped] {
            let mut steps = 0;
            while !hand_over(steps, event).await {
                steps += 1;
            }
            assert!(steps > 4, "a hand-over has more than {steps} steps");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_takes_too_long_does_not_take_over() {
        let (_folder, path) = place();
        let (mut offer, old, address) = first(&path).await;
        let mut claim = offering(&mut offer, &old, Claim::at(&path)).await.unwrap();
        let new = listeners(&mut claim, &address);
        let busy = text(offering(&mut offer, &old, Claim::at(&path)).await);
        let own = std::process::id();
        assert_eq!(
            busy,
            format!(
                "cannot take over at {}: process {own} takes over from process {own} already",
                path.display()
            )
        );
        offering(&mut offer, &old, tokio::time::sleep(Duration::from_secs(5 * 60 + 1))).await;
        let late = text(claim.finish(&new).await);
        let expected = "has waited for too long, and goes on";
        assert_eq!(late, format!("cannot take over at {}: process {own} {expected}", path.display()));
        // The next one may try.
        offering(&mut offer, &old, Claim::at(&path)).await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_stops_leaves_its_sockets_to_the_one_that_starts() {
        let (_folder, path) = place();
        let (mut offer, old, address) = first(&path).await;
        let mut claim = offering(&mut offer, &old, Claim::at(&path)).await.unwrap();
        let new = listeners(&mut claim, &address);
        // As at SIGTERM, before the new one is ready.
        offer.finish(&old).await;
        drop(old);
        let offer = claim.finish(&new).await.unwrap();
        assert!(path.exists() && new[0].0.is_at(&address));
        drop(offer);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_process_that_dies_leaves_its_sockets_to_the_one_that_starts() {
        let (_folder, path) = place();
        let mut old = UnixListener::bind(&path).unwrap();
        let passed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dies = async {
            let (stream, _) = old.accept().await.unwrap();
            let sockets =
                [(std::os::fd::AsFd::as_fd(&old), true), (std::os::fd::AsFd::as_fd(&passed), false)];
            protocol::send_sockets(&stream, &sockets).await.unwrap();
        };
        let (claim, ()) = tokio::join!(Claim::at(&path), dies);
        old = UnixListener::bind(path.with_extension("other")).unwrap();
        let mut claim = claim.unwrap();
        let address = Address::Tcp(passed.local_addr().unwrap());
        let new = listeners(&mut claim, &address);
        let mut offer = claim.finish(&new).await.unwrap();
        offering(&mut offer, &new, Claim::at(&path)).await.unwrap();
        drop(old);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_speak_as_a_server_is_refused_by_name() {
        let (_folder, path) = place();
        let other = UnixListener::bind(&path).unwrap();
        let own = std::process::id();
        let refused = |cause: &str| format!("cannot take over at {}: {cause}", path.display());
        let silent = text(Claim::at(&path).await);
        assert_eq!(silent, refused(&format!("process {own}, which listens there, does not answer")));
        drop(other.accept().await.unwrap());
        let says = async |bytes: &[u8]| {
            let speak = async {
                let (mut stream, _) = other.accept().await.unwrap();
                stream.write_all(bytes).await.unwrap();
                stream
            };
            let (claim, _stream) = tokio::join!(Claim::at(&path), speak);
            text(claim)
        };
        assert_eq!(
            says(b"HTTP/1.1 400 Bad").await,
            refused("the process that listens there is no stario server")
        );
        let mut greeting = *b"S\x02L\x00000000000000";
        let expected = "the other process speaks version 2, and this one version 1";
        assert_eq!(says(&greeting[..16]).await, refused(expected));
        (greeting[1], greeting[3]) = (1, 3);
        let expected = "0 of 3 sockets came: this process may not open so many files";
        assert_eq!(says(&greeting[..16]).await, refused(expected));
    }
}

//! A chat loses nothing, and shows nothing twice, when its page is hidden and shown again and when the server restarts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use fantoccini::Client;
use serde_json::json;
use stario::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

stario::app!();

/// The messages of the chat. They outlive the server that shows them, as those in a database do.
type Said = Arc<Mutex<Vec<u32>>>;

/// One process.
struct Chat {
    said: Said,
    relay: Relay<Event>,
    gaps: AtomicUsize,
    /// A permit for each stream that was opened.
    opened: Semaphore,
    /// A permit for each stream that has ended.
    ended: Arc<Semaphore>,
}

impl Chat {
    fn said(&self) -> MutexGuard<'_, Vec<u32>> {
        self.said.lock().expect("no panic")
    }

    fn say(&self, number: u32) {
        let mut said = self.said();
        said.push(number);
        let message = html! { <li>{number}</li> };
        self.relay.publish("said", Event::new((Mode::Append, "#said", message)));
    }

    fn gaps(&self) -> usize {
        self.gaps.load(Ordering::SeqCst)
    }
}

fn list(said: &[u32]) -> Html {
    html! { <ul id="said">for number in said { <li>{*number}</li> }</ul> }
}

#[app::query("/")]
async fn page(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Chat"</title>{datastar}</head>
            <body data-init={live::action()}><ul id="said"></ul></body>
        </html>
    }
}

#[app::query("/live")]
async fn live(chat: State<Arc<Chat>>, last_event_id: Header<Option<String>>) -> impl Stream<Item = Event> {
    struct AddPermit(Arc<Semaphore>);
    impl Drop for AddPermit {
        fn drop(&mut self) {
            self.0.add_permits(1);
        }
    }
    chat.opened.add_permits(1);
    let ended = AddPermit(Arc::clone(&chat.ended));
    let mut updates = chat.relay.resume("said", last_event_id);
    stream! {
        let _ended = ended;
        while let Some(update) = updates.next().await {
            match update {
                Update::Value(_, message) => yield message,
                Update::Gap => {
                    chat.gaps.fetch_add(1, Ordering::SeqCst);
                    let all = {
                        let said = chat.said();
                        updates.skip();
                        list(&said)
                    };
                    yield event::patch(all).id(updates.position());
                }
            }
        }
    }
}

struct Server {
    chat: Arc<Chat>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<stario::Result>,
}

impl Server {
    async fn start(address: SocketAddr, said: &Said) -> Self {
        let chat = Arc::new(Chat {
            said: Arc::clone(said),
            relay: Relay::new().history(100),
            gaps: AtomicUsize::new(0),
            opened: Semaphore::new(0),
            ended: Arc::new(Semaphore::new(0)),
        });
        let listener = TcpListener::bind(address).await.expect("the port");
        let address = listener.local_addr().expect("an address");
        let app = app::new().state(Arc::clone(&chat)).datastar_file(datastar_file()).expect("the client");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(app.serve_on(listener, async { drop(stopped.await) }));
        Self { chat, address, stop, task }
    }

    async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("an end")
            .expect("no panic")
            .expect("a whole stop");
    }
}

/// Waits until the page shows these numbers, each once.
async fn shows(page: &Client, numbers: std::ops::RangeInclusive<u32>) {
    let expected: Vec<String> = numbers.map(|number| number.to_string()).collect();
    let shown = "[...document.querySelectorAll('#said li')].map(li => li.innerText).join()";
    wait_until(page, &format!("{shown} === '{}'", expected.join(",")), shown).await;
}

/// Waits for the next stream that is opened, or has ended.
async fn next(streams: &Semaphore) {
    let permit =
        tokio::time::timeout(PATIENCE, streams.acquire()).await.expect("a stream that opens or ends");
    permit.expect("an open semaphore").forget();
}

/// Hides the page, which ends its stream; says something meanwhile; and shows the page again.
async fn while_hidden(page: &Client, chat: &Chat, say: impl FnOnce()) {
    page.minimize_window().await.expect("a window");
    next(&chat.ended).await;
    say();
    page.set_window_rect(0, 0, 800, 600).await.expect("a window");
    next(&chat.opened).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_loses_nothing_by_hiding_showing_and_a_restart() {
    let said = Said::default();
    let first = Server::start("127.0.0.1:0".parse().expect("an address"), &said).await;
    first.chat.say(1);
    let browsers = Browsers::start().await;
    let page = browsers.open(&format!("http://{}", first.address)).await;
    next(&first.chat.opened).await;
    // A mark that a reload would lose.
    page.execute("window.isSame = true", Vec::new()).await.expect("a script");
    // The first visit begins with everything.
    shows(&page, 1..=1).await;
    first.chat.say(2);
    shows(&page, 1..=2).await;
    while_hidden(&page, &first.chat, || (3..=4).for_each(|number| first.chat.say(number))).await;
    shows(&page, 1..=4).await;
    // Also without having received anything in between.
    while_hidden(&page, &first.chat, || ()).await;
    while_hidden(&page, &first.chat, || first.chat.say(5)).await;
    shows(&page, 1..=5).await;
    assert_eq!(first.chat.gaps(), 1);

    let address = first.address;
    first.stop().await;
    said.lock().expect("no panic").push(6);
    // The page asks again by itself: its action has the retry of Datastar's client.
    let second = Server::start(address, &said).await;
    next(&second.chat.opened).await;
    shows(&page, 1..=6).await;
    second.chat.say(7);
    shows(&page, 1..=7).await;
    while_hidden(&page, &second.chat, || second.chat.say(8)).await;
    shows(&page, 1..=8).await;
    assert_eq!(second.chat.gaps(), 1);
    assert_eq!(page.execute("return window.isSame", Vec::new()).await.expect("a script"), json!(true));
    second.stop().await;
    page.close().await.expect("the browser closes");
}

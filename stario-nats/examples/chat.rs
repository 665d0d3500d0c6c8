//! A chat among terminals: what is typed in one is printed in all. Each is a process of its own.
//!
//! ```sh
//! nats-server &
//! cargo run --package stario-nats --example chat -- nats://localhost:4222
//! ```

use stario::{Relay, Update};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main(flavor = "current_thread")]
async fn main() -> stario::Result {
    let servers = std::env::args().nth(1).unwrap_or_else(|| "nats://localhost:4222".to_owned());
    let nats = stario_nats::connect(servers).await?;
    let relay = Relay::<String>::over(nats.relay("chat"));
    nats.ready().await?;
    println!("(connected)");
    let mut typed = BufReader::new(stdin()).lines();
    let mut said = relay.resume("room", relay.position());
    loop {
        tokio::select! {
            line = typed.next_line() => match line? {
                Some(line) => relay.publish("room", line),
                None => break,
            },
            update = said.next() => match update {
                Some(Update::Value(_, line)) => println!("{line}"),
                Some(Update::Gap) => println!("(something may be missing)"),
                None => break,
            },
        }
    }
    nats.flush().await;
    Ok(())
}

//! What Prometheus is told of relays.

use stario::Relay;
use stario::prelude::*;
use stario::relay::PublishError;

use support::{Broker, acquainted, next, node, soon, until};

mod support;

stario::app!();

#[app::query("/")]
async fn home() {}

#[tokio::test]
async fn figures_of_a_relay_are_served() {
    let mut broker = Broker::start();
    let nats = broker.connect().await;
    // The recorder comes later than the relay.
    let relay = Relay::<u32>::over(nats.relay("shop").buffer(1, 1000));
    let client = TestClient::new(app::new().metrics("/metrics"));
    soon(nats.ready()).await.unwrap();
    let (_other, other) = node::<u32>(&broker).await;
    acquainted(&[&relay, &other]).await;
    let mut received = other.resume("a", other.position());
    relay.publish("a", 1);
    assert_eq!(next(&mut received).await, Some(1));
    let figures = client.get("/metrics").await.text().to_owned();
    for line in [
        "stario_nats_sent_total{relay=\"shop\"} 1",
        "stario_nats_received_total{relay=\"shop\"} 1",
        "stario_nats_connected{relay=\"shop\"} 1",
    ] {
        assert!(figures.lines().any(|found| found == line), "{line} in {figures}");
    }
    broker.kill();
    until(|| nats.check().is_err()).await;
    relay.publish("a", 2);
    assert!(matches!(relay.try_publish("a", 3), Err(PublishError::Full)));
    let shown = async |line: &str| client.get("/metrics").await.text().lines().any(|found| found == line);
    assert!(shown("stario_nats_unsent_total{relay=\"shop\"} 1").await);
    soon(async {
        while !shown("stario_nats_connected{relay=\"shop\"} 0").await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

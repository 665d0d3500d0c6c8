//! Every record that the log gets, for tests of what it says.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{LazyLock, Mutex};

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// What one record says, by the names of its fields and those of the spans around it.
pub(crate) type Fields = BTreeMap<&'static str, String>;

/// All records from now on, of the whole process: requests of other tests are among them.
pub(crate) fn listen() -> mpsc::UnboundedReceiver<Fields> {
    static INSTALLED: LazyLock<()> = LazyLock::new(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener)).unwrap();
    });
    LazyLock::force(&INSTALLED);
    let (sender, records) = mpsc::unbounded_channel();
    LISTENERS.lock().unwrap().push(sender);
    records
}

/// All records of this thread from now on until the guard is dropped, also where the process has a log already.
pub(crate) fn listen_here() -> (DefaultGuard, mpsc::UnboundedReceiver<Fields>) {
    // Without a log of the whole process, another thread that comes to the place of a record first would turn it off for all.
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).ok();
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(Listener));
    let (sender, records) = mpsc::unbounded_channel();
    LISTENERS.lock().unwrap().push(sender);
    (guard, records)
}

static LISTENERS: LazyLock<Mutex<Vec<mpsc::UnboundedSender<Fields>>>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Said(Fields);

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// Hands every record to whoever listens.
struct Listener;

impl<S: tracing::Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut said = Said::default();
        attributes.record(&mut said);
        ctx.span(id).unwrap().extensions_mut().insert(said);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        values.record(ctx.span(id).unwrap().extensions_mut().get_mut::<Said>().unwrap());
    }

    fn on_event(&self, event: &tracing::Event<'_>, ctx: Context<'_, S>) {
        let mut said = Said::default();
        for span in ctx.event_scope(event).into_iter().flatten() {
            said.0.extend(span.extensions().get::<Said>().unwrap().0.clone());
        }
        event.record(&mut said);
        said.0.insert("target", event.metadata().target().to_owned());
        said.0.insert("level", event.metadata().level().to_string());
        LISTENERS.lock().unwrap().retain(|listener| listener.send(said.0.clone()).is_ok());
    }
}

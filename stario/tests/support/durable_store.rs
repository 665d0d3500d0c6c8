//! What every store of durable commands does, whatever it is made of. The tests of each store call these.

use stario::DurableStore;
use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, NewCommand, Run, Settlement, StoredCommand,
    Wanted,
};

pub(crate) fn command(number: u8, name: &str) -> NewCommand {
    NewCommand {
        id: CommandId::from_bytes([number; 16]),
        name: name.to_owned(),
        version: 1,
        key: None,
        group: None,
        payload: vec![number, 0, 255, b'\n'],
        created: 1_000,
        due: 1_000,
    }
}

fn wanted(name: &str) -> Wanted {
    Wanted {
        name: name.to_owned(),
        version: 1,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
    }
}

/// Claims at `now` with a lease of 100; the first bytes of the ids.
async fn claim(store: &impl DurableStore, wanted: &[Wanted], now: i64, limit: usize) -> Vec<StoredCommand> {
    let claim = Claim { wanted: wanted.to_vec(), now, lease_until: now + 100, limit };
    store.claim(&claim).await.unwrap()
}

fn numbers(commands: &[StoredCommand]) -> Vec<u8> {
    commands.iter().map(|stored| stored.command.id.to_bytes()[0]).collect()
}

async fn enqueue(store: &impl DurableStore, command: &NewCommand) {
    assert_eq!(store.enqueue(command).await.unwrap(), None);
}

async fn all(store: &impl DurableStore) -> Vec<StoredCommand> {
    store.list(&CommandFilter::default(), 100).await.unwrap()
}

const FINISHED: Settlement = Settlement::Finished { is_kept: true };

fn run(number: u8, attempt: u32) -> Run {
    Run { id: CommandId::from_bytes([number; 16]), attempt }
}

/// All of the checks, each with a new store.
pub(crate) async fn keeps_its_promises<S: DurableStore>(mut new: impl AsyncFnMut() -> S) {
    a_command_goes_through_its_states(&new().await).await;
    a_lost_lease_is_claimed_again(&new().await).await;
    a_key_is_stored_once_for_each_name(&new().await).await;
    due_times_and_versions_are_kept(&new().await).await;
    limits_hold(&new().await).await;
    order_holds(&new().await).await;
    dead_letters_are_listed_run_again_and_pruned(&new().await).await;
}

async fn a_command_goes_through_its_states(store: &impl DurableStore) {
    let mut new = command(7, "a");
    (new.key, new.group) = (Some("key".to_owned()), Some("group".to_owned()));
    enqueue(store, &new).await;
    let waiting = StoredCommand {
        command: new.clone(),
        state: CommandState::Waiting,
        attempts: 0,
        changed: 1_000,
        error: None,
    };
    assert_eq!(all(store).await, std::slice::from_ref(&waiting));
    assert_eq!(claim(store, &[wanted("b")], 1_000, 9).await, []);
    assert_eq!(claim(store, &[], 1_000, 9).await, []);
    assert_eq!(claim(store, &[wanted("a")], 1_000, 0).await, []);

    let mut running = waiting.clone();
    (running.state, running.attempts, running.changed, running.command.due) =
        (CommandState::Running, 1, 1_010, 1_110);
    assert_eq!(claim(store, &[wanted("a")], 1_010, 9).await, [running]);
    assert_eq!(claim(store, &[wanted("a")], 1_010, 9).await, []);
    assert!(store.extend(run(7, 1), 1_200).await.unwrap());
    assert!(!store.extend(run(7, 2), 1_200).await.unwrap());
    assert!(!store.extend(run(8, 1), 1_200).await.unwrap());
    assert_eq!(claim(store, &[wanted("a")], 1_199, 9).await, []);

    let retry = Settlement::Retry { due: 1_500, error: "why".to_owned() };
    assert!(!store.settle(run(7, 2), 1_100, &retry).await.unwrap());
    assert!(store.settle(run(7, 1), 1_100, &retry).await.unwrap());
    assert!(!store.settle(run(7, 1), 1_100, &FINISHED).await.unwrap());
    let stored = &all(store).await[0];
    assert_eq!((stored.state, stored.attempts, stored.changed), (CommandState::Waiting, 1, 1_100));
    assert_eq!((stored.command.due, stored.error.as_deref()), (1_500, Some("why")));

    assert_eq!(claim(store, &[wanted("a")], 1_500, 9).await[0].attempts, 2);
    assert!(store.settle(run(7, 2), 1_510, &Settlement::GiveBack).await.unwrap());
    let stored = &all(store).await[0];
    assert_eq!((stored.state, stored.attempts, stored.command.due), (CommandState::Waiting, 1, 1_510));

    assert_eq!(claim(store, &[wanted("a")], 1_510, 9).await[0].attempts, 2);
    assert!(store.settle(run(7, 2), 1_520, &FINISHED).await.unwrap());
    assert_eq!(all(store).await[0].state, CommandState::Finished);
    assert_eq!(all(store).await[0].command.payload, new.payload);
    assert_eq!(claim(store, &[wanted("a")], 9_999, 9).await, []);

    enqueue(store, &command(8, "a")).await;
    claim(store, &[wanted("a")], 2_000, 9).await;
    assert!(store.settle(run(8, 1), 2_000, &Settlement::Finished { is_kept: false }).await.unwrap());
    assert_eq!(numbers(&all(store).await), [7]);
}

async fn a_lost_lease_is_claimed_again(store: &impl DurableStore) {
    enqueue(store, &command(1, "a")).await;
    assert_eq!(claim(store, &[wanted("a")], 1_000, 9).await[0].attempts, 1);
    assert_eq!(claim(store, &[wanted("a")], 1_099, 9).await, []);
    assert_eq!(claim(store, &[wanted("a")], 1_100, 9).await[0].attempts, 2);
    // The process that had it before comes too late.
    assert!(!store.extend(run(1, 1), 9_999).await.unwrap());
    assert!(!store.settle(run(1, 1), 1_150, &FINISHED).await.unwrap());
    assert!(store.settle(run(1, 2), 1_150, &FINISHED).await.unwrap());
}

async fn a_key_is_stored_once_for_each_name(store: &impl DurableStore) {
    let with_key = |number, name: &str| NewCommand { key: Some("k".to_owned()), ..command(number, name) };
    enqueue(store, &with_key(1, "a")).await;
    enqueue(store, &with_key(2, "b")).await;
    enqueue(store, &command(3, "a")).await;
    enqueue(store, &command(4, "a")).await;
    let present = store.enqueue(&with_key(5, "a")).await.unwrap().unwrap();
    assert_eq!(present.command, with_key(1, "a"));
    assert_eq!(numbers(&all(store).await), [1, 2, 3, 4]);
}

async fn due_times_and_versions_are_kept(store: &impl DurableStore) {
    for (number, due, version) in [(1, 3_000, 1), (2, 2_000, 1), (3, 2_000, 2), (4, 2_500, 1)] {
        enqueue(store, &NewCommand { due, version, ..command(number, "a") }).await;
    }
    assert_eq!(claim(store, &[wanted("a")], 1_999, 9).await, []);
    assert_eq!(numbers(&claim(store, &[wanted("a")], 3_000, 1).await), [2]);
    assert_eq!(numbers(&claim(store, &[wanted("b"), wanted("a")], 3_000, 1).await), [4]);
    assert_eq!(numbers(&claim(store, &[wanted("a")], 3_000, 9).await), [1]);
    let newer = Wanted { version: 2, ..wanted("a") };
    assert_eq!(numbers(&claim(store, &[newer], 3_000, 9).await), [3]);
}

async fn limits_hold(store: &impl DurableStore) {
    for number in 1..=6 {
        let group = Some(if number < 4 { "x" } else { "y" }.to_owned());
        enqueue(store, &NewCommand { group, ..command(number, "a") }).await;
    }
    enqueue(store, &command(7, "b")).await;
    let one_of_group = Wanted { concurrency_of_group: Some(1), concurrency: Some(2), ..wanted("a") };
    let both = [one_of_group, wanted("b")];
    let mut claimed = numbers(&claim(store, &both, 1_000, 9).await);
    claimed.sort_unstable();
    assert_eq!(claimed, [1, 4, 7]);
    assert_eq!(claim(store, &both, 1_000, 9).await, []);
    assert!(store.settle(run(4, 1), 1_000, &FINISHED).await.unwrap());
    assert_eq!(numbers(&claim(store, &both, 1_000, 9).await), [5]);
    let three = Wanted { concurrency: Some(3), ..wanted("a") };
    assert_eq!(numbers(&claim(store, std::slice::from_ref(&three), 1_000, 9).await), [2]);
    assert_eq!(claim(store, &[three], 1_000, 9).await, []);
}

async fn order_holds(store: &impl DurableStore) {
    for (number, group) in [(1, "x"), (2, "x"), (3, "y"), (4, "x")] {
        enqueue(store, &NewCommand { group: Some(group.to_owned()), ..command(number, "a") }).await;
    }
    let in_order = [Wanted { is_in_order: true, ..wanted("a") }];
    assert_eq!(numbers(&claim(store, &in_order, 1_000, 9).await), [1, 3]);
    assert_eq!(claim(store, &in_order, 1_000, 9).await, []);
    let retry = Settlement::Retry { due: 1_050, error: String::new() };
    assert!(store.settle(run(1, 1), 1_000, &retry).await.unwrap());
    assert_eq!(claim(store, &in_order, 1_049, 9).await, []);
    assert_eq!(numbers(&claim(store, &in_order, 1_050, 9).await), [1]);
    assert!(store.settle(run(1, 2), 1_050, &Settlement::Dead { error: String::new() }).await.unwrap());
    assert_eq!(numbers(&claim(store, &in_order, 1_050, 9).await), [2]);
}

async fn dead_letters_are_listed_run_again_and_pruned(store: &impl DurableStore) {
    for number in 1..=3 {
        enqueue(store, &command(number, "a")).await;
        claim(store, &[wanted("a")], 1_000, 1).await;
        let now = i64::from(number) * 10_000;
        let dead = Settlement::Dead { error: format!("error {number}") };
        assert!(store.settle(run(number, 1), now, &dead).await.unwrap());
    }
    enqueue(store, &command(4, "b")).await;
    let mut counts = store.count().await.unwrap();
    counts.sort_by(|a, b| a.name.cmp(&b.name));
    let count = |name: &str, state, count| CommandCount { name: name.to_owned(), state, count };
    assert_eq!(counts, [count("a", CommandState::Dead, 3), count("b", CommandState::Waiting, 1)]);

    let dead = CommandFilter { state: Some(CommandState::Dead), ..CommandFilter::default() };
    assert_eq!(numbers(&store.list(&dead, 2).await.unwrap()), [1, 2]);
    let after = CommandFilter { after: Some(CommandId::from_bytes([2; 16])), ..dead.clone() };
    assert_eq!(numbers(&store.list(&after, 2).await.unwrap()), [3]);
    assert_eq!(store.list(&dead, 1).await.unwrap()[0].error.as_deref(), Some("error 1"));
    let of_b = CommandFilter { name: Some("b".to_owned()), ..CommandFilter::default() };
    assert_eq!(numbers(&store.list(&of_b, 9).await.unwrap()), [4]);

    assert!(store.rerun(CommandId::from_bytes([1; 16]), 40_000).await.unwrap());
    assert!(!store.rerun(CommandId::from_bytes([1; 16]), 40_000).await.unwrap());
    assert!(!store.rerun(CommandId::from_bytes([4; 16]), 40_000).await.unwrap());
    let again = claim(store, &[wanted("a")], 40_000, 9).await;
    assert_eq!((numbers(&again), again[0].attempts), (vec![1], 1));

    let old = CommandFilter { changed_before: Some(30_000), ..dead.clone() };
    assert_eq!(store.prune(&old).await.unwrap(), 1);
    // Whatever the filter says, what is open stays.
    assert_eq!(store.prune(&CommandFilter::default()).await.unwrap(), 1);
    assert_eq!(numbers(&all(store).await), [1, 4]);
}

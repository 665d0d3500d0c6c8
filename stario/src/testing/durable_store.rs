//! Checks a store of durable commands against all that the trait promises.

use crate::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, DurableStore, ListedCommand, NewCommand,
    Run, Settlement, StoredCommand, Wanted,
};

const FINISHED: Settlement = Settlement::Finished { is_kept: true };

/// Checks that a store keeps what [`DurableStore`] promises: keys, limits, order, leases, and that the run of a claim cannot touch that of a later one.
///
/// Each check has a store of its own, which `new` makes: it is empty. Call it in the tests of a store that you write.
///
/// ```
/// use stario::MemoryQueue;
///
/// # #[tokio::main]
/// # async fn main() {
/// stario::testing::check_durable_store(async || MemoryQueue::new()).await;
/// # }
/// ```
///
/// # Panics
///
/// When the store breaks a promise, or fails.
pub async fn check_durable_store<S: DurableStore>(mut new: impl AsyncFnMut() -> S) {
    Checked(new().await).a_command_goes_through_its_states().await;
    Checked(new().await).a_run_whose_lease_has_ended_is_listed_and_can_be_ended().await;
    Checked(new().await).a_run_of_an_earlier_claim_changes_nothing().await;
    Checked(new().await).a_key_is_stored_once_for_each_name().await;
    Checked(new().await).a_payload_of_the_limit_comes_back().await;
    Checked(new().await).due_times_and_versions_are_kept().await;
    Checked(new().await).limits_hold().await;
    Checked(new().await).a_command_that_lost_its_process_counts_against_no_limit().await;
    Checked(new().await).order_is_that_of_storing().await;
    Checked(new().await).a_dead_letter_that_runs_again_has_its_place_and_runs_beside_no_other().await;
    Checked(new().await).dead_letters_are_listed_run_again_and_pruned().await;
    Checked(new().await).what_comes_at_once_is_stored_and_claimed_once().await;
    Checked(new().await).limits_and_order_hold_for_claims_at_once().await;
}

/// A store under check. The ids of its commands are one byte, repeated.
struct Checked<S>(S);

fn id(number: u8) -> CommandId {
    CommandId::from_bytes([number; 16])
}

fn command(number: u8, name: &str) -> NewCommand {
    NewCommand {
        id: id(number),
        name: name.to_owned(),
        version: 1,
        key: None,
        group: None,
        payload: vec![number, 0, 255, b'\n'],
        created: 1_000,
        due: 1_000,
    }
}

fn in_group(number: u8, group: &str) -> NewCommand {
    NewCommand { group: Some(group.to_owned()), ..command(number, "a") }
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

fn run(number: u8, claim: u32) -> Run {
    Run { id: id(number), claim }
}

fn dead(error: &str) -> Settlement {
    Settlement::Dead { error: error.to_owned() }
}

fn numbers(commands: &[StoredCommand]) -> Vec<u8> {
    commands.iter().map(|stored| stored.command.id.to_bytes()[0]).collect()
}

fn sorted(commands: &[StoredCommand]) -> Vec<u8> {
    let mut numbers = numbers(commands);
    numbers.sort_unstable();
    numbers
}

impl<S: DurableStore> Checked<S> {
    async fn enqueue(&self, command: &NewCommand) -> Option<StoredCommand> {
        self.0.enqueue(command).await.expect("`enqueue` succeeds")
    }

    async fn enqueue_new(&self, command: &NewCommand) {
        assert_eq!(self.enqueue(command).await, None, "a new command is stored, and none has its key");
    }

    /// Claims at `now`, with a lease of 100.
    async fn claim(&self, wanted: &[Wanted], now: i64, limit: usize) -> Vec<StoredCommand> {
        let claim = Claim { wanted: wanted.to_vec(), now, lease_until: now + 100, limit };
        self.0.claim(&claim).await.expect("`claim` succeeds")
    }

    /// Claims commands of the name `a`.
    async fn claim_a(&self, now: i64) -> Vec<StoredCommand> {
        self.claim(&[wanted("a")], now, 9).await
    }

    async fn extend(&self, run: Run, until: i64) -> bool {
        self.0.extend(run, until).await.expect("`extend` succeeds")
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> bool {
        self.0.settle(run, now, settlement).await.expect("`settle` succeeds")
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Vec<ListedCommand> {
        self.0.list(which, limit).await.expect("`list` succeeds")
    }

    async fn listed(&self, which: &CommandFilter, limit: usize) -> Vec<u8> {
        self.list(which, limit).await.iter().map(|listed| listed.id.to_bytes()[0]).collect()
    }

    async fn all(&self) -> Vec<u8> {
        self.listed(&CommandFilter::default(), 100).await
    }

    async fn get(&self, number: u8) -> StoredCommand {
        self.0.get(id(number)).await.expect("`get` succeeds").expect("the command is stored")
    }

    async fn rerun(&self, number: u8, now: i64) -> bool {
        self.0.rerun(id(number), now).await.expect("`rerun` succeeds")
    }

    async fn prune(&self, which: &CommandFilter) -> u64 {
        self.0.prune(which).await.expect("`prune` succeeds")
    }

    async fn a_command_goes_through_its_states(self) {
        let mut new = command(7, "a");
        (new.key, new.group) = (Some("key".to_owned()), Some("group".to_owned()));
        self.enqueue_new(&new).await;
        let waiting = StoredCommand {
            command: new.clone(),
            state: CommandState::Waiting,
            attempts: 0,
            claims: 0,
            changed: 1_000,
            error: None,
        };
        assert_eq!(self.get(7).await, waiting);
        assert_eq!(self.list(&CommandFilter::default(), 9).await, [ListedCommand::of(&waiting)]);
        assert_eq!(self.0.get(id(8)).await.expect("`get` succeeds"), None);
        assert_eq!(self.claim(&[wanted("b")], 1_000, 9).await, [], "what is not wanted is not claimed");
        assert_eq!(self.claim(&[], 1_000, 9).await, []);
        assert_eq!(self.claim(&[wanted("a")], 1_000, 0).await, []);

        let mut running = waiting.clone();
        (running.state, running.changed, running.command.due) = (CommandState::Running, 1_010, 1_110);
        (running.attempts, running.claims) = (1, 1);
        assert_eq!(self.claim_a(1_010).await, std::slice::from_ref(&running));
        assert_eq!(self.get(7).await, running);
        assert_eq!(self.claim_a(1_010).await, [], "what runs is not claimed before its lease ends");
        assert!(self.extend(run(7, 1), 1_200).await);
        assert!(!self.extend(run(7, 2), 1_200).await);
        assert!(!self.extend(run(8, 1), 1_200).await);
        assert_eq!(self.claim_a(1_199).await, [], "the lease is extended");

        let retry = Settlement::Retry { due: 1_500, error: "why, “ünd”".to_owned() };
        assert!(!self.settle(run(7, 2), 1_100, &retry).await);
        assert!(self.settle(run(7, 1), 1_100, &retry).await);
        assert!(!self.settle(run(7, 1), 1_100, &FINISHED).await, "what waits has no run that could end");
        assert!(!self.extend(run(7, 1), 9_999).await, "what waits has no lease");
        let stored = self.get(7).await;
        assert_eq!((stored.state, stored.attempts, stored.changed), (CommandState::Waiting, 1, 1_100));
        assert_eq!((stored.command.due, stored.error.as_deref()), (1_500, Some("why, “ünd”")));
        assert_eq!(self.claim_a(1_499).await, []);

        assert_eq!(self.claim_a(1_500).await[0].attempts, 2);
        assert!(self.settle(run(7, 2), 1_510, &Settlement::GiveBack).await);
        let stored = self.get(7).await;
        assert_eq!((stored.state, stored.attempts, stored.command.due), (CommandState::Waiting, 1, 1_510));

        let again = self.claim_a(1_510).await;
        assert_eq!((again[0].attempts, again[0].claims), (2, 3));
        assert!(self.settle(run(7, 3), 1_520, &FINISHED).await);
        let stored = self.get(7).await;
        assert_eq!((stored.state, stored.changed), (CommandState::Finished, 1_520));
        assert_eq!(stored.command.payload, new.payload);
        assert_eq!(self.claim_a(9_999).await, [], "what is finished does not run again");

        self.enqueue_new(&command(8, "a")).await;
        self.claim_a(2_000).await;
        assert!(self.settle(run(8, 1), 2_000, &Settlement::Finished { is_kept: false }).await);
        assert_eq!(self.all().await, [7]);
    }

    async fn a_run_whose_lease_has_ended_is_listed_and_can_be_ended(self) {
        for number in 1..=3 {
            self.enqueue_new(&command(number, "a")).await;
        }
        assert_eq!(self.claim(&[wanted("a")], 1_000, 2).await[0].attempts, 1);
        assert!(self.extend(run(2, 1), 1_200).await);
        let lost_at = |time| {
            let state = Some(CommandState::Running);
            CommandFilter { state, due_at: Some(time), ..CommandFilter::default() }
        };
        assert!(self.listed(&lost_at(1_099), 9).await.is_empty(), "each has its lease");
        assert_eq!(self.listed(&lost_at(1_100), 9).await, [1]);
        assert_eq!(sorted(&self.claim_a(1_100).await), [3], "its run is ended first");
        // Nobody has ended it, so it is not too late.
        assert!(self.extend(run(1, 1), 1_150).await);
        assert!(self.listed(&lost_at(1_149), 9).await.is_empty());
        assert_eq!(self.listed(&lost_at(1_200), 9).await, [1, 2, 3]);
        let after = CommandFilter { after: Some(id(1)), ..lost_at(1_200) };
        assert_eq!(self.listed(&after, 1).await, [2]);
        let of_b = CommandFilter { name: Some("b".to_owned()), ..lost_at(1_200) };
        assert!(self.listed(&of_b, 9).await.is_empty());

        let lost = self.list(&lost_at(1_150), 1).await;
        let lost = Run { id: lost[0].id, claim: lost[0].claims };
        let retry = Settlement::Retry { due: 1_500, error: "the process ended".to_owned() };
        assert!(self.settle(lost, 1_160, &retry).await);
        assert!(!self.settle(lost, 1_160, &retry).await, "another worker comes too late");
        assert!(!self.extend(lost, 9_999).await, "the process that had it comes too late");
        assert!(!self.settle(lost, 1_170, &FINISHED).await);
        assert_eq!(self.listed(&lost_at(9_999), 9).await, [2, 3], "what waits has no lease");
        assert_eq!(self.claim_a(1_499).await, [], "it waits as after an error");
        let again = self.claim_a(1_500).await;
        assert_eq!((numbers(&again), again[0].attempts, again[0].claims), (vec![1], 2, 2));
        assert!(self.settle(run(1, 2), 1_510, &FINISHED).await);
    }

    /// Where attempts have the same number, too.
    async fn a_run_of_an_earlier_claim_changes_nothing(self) {
        self.enqueue_new(&command(1, "a")).await;
        // The first run is frozen, and another process ends it. The second is given back, the third dies, and the fourth is its rerun.
        let first = Run::of(&self.claim_a(1_000).await[0]);
        assert!(self.settle(first, 1_100, &Settlement::Retry { due: 1_100, error: String::new() }).await);
        let second = Run::of(&self.claim_a(1_100).await[0]);
        assert!(self.settle(second, 1_110, &Settlement::GiveBack).await);
        let third = Run::of(&self.claim_a(1_110).await[0]);
        assert!(!self.extend(second, 9_999).await, "what was given back is another run");
        assert!(!self.settle(second, 1_120, &FINISHED).await);
        assert!(self.settle(third, 1_120, &dead("why")).await);
        assert!(self.rerun(1, 1_130).await);
        let again = self.claim_a(1_130).await;
        assert_eq!((again[0].attempts, again[0].claims), (1, 4), "attempts begin again, claims do not");
        for earlier in [first, second, third] {
            assert!(!self.extend(earlier, 9_999).await, "{earlier:?}");
            for settlement in [FINISHED, dead("late"), Settlement::GiveBack] {
                assert!(!self.settle(earlier, 1_140, &settlement).await, "{earlier:?} {settlement:?}");
            }
        }
        assert_eq!(self.get(1).await, again[0]);
        assert!(self.settle(Run::of(&again[0]), 1_150, &FINISHED).await);
    }

    async fn a_key_is_stored_once_for_each_name(self) {
        let with_key = |number, name: &str| NewCommand { key: Some("k".to_owned()), ..command(number, name) };
        self.enqueue_new(&with_key(1, "a")).await;
        self.enqueue_new(&with_key(2, "b")).await;
        self.enqueue_new(&command(3, "a")).await;
        self.enqueue_new(&command(4, "a")).await;
        let present = self.enqueue(&with_key(5, "a")).await;
        assert_eq!(present.map(|present| present.command), Some(with_key(1, "a")));
        assert_eq!(self.all().await, [1, 2, 3, 4]);
        // As long as it is stored, whatever its state.
        self.claim(&[wanted("b")], 1_000, 9).await;
        assert!(self.settle(run(2, 1), 1_000, &FINISHED).await);
        let present = self.enqueue(&with_key(6, "b")).await;
        assert_eq!(present.map(|present| present.state), Some(CommandState::Finished));
        assert_eq!(self.prune(&CommandFilter::default()).await, 1);
        self.enqueue_new(&with_key(6, "b")).await;
        self.claim(&[wanted("b")], 1_000, 9).await;
        assert!(self.settle(run(6, 1), 1_000, &Settlement::Finished { is_kept: false }).await);
        self.enqueue_new(&with_key(7, "b")).await;
    }

    /// Beside the values a payload has the id of the request.
    async fn a_payload_of_the_limit_comes_back(self) {
        let length = self.0.payload_limit().min(1024 * 1024) + 64;
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        self.enqueue_new(&NewCommand { payload: payload.clone(), ..command(1, "a") }).await;
        let claimed = self.claim_a(1_000).await;
        assert!(claimed[0].command.payload == payload, "the payload comes back as it was");
        assert_eq!(self.list(&CommandFilter::default(), 9).await[0].payload_bytes, length);
    }

    async fn due_times_and_versions_are_kept(self) {
        for (number, due, version) in [(1, 3_000, 1), (2, 2_000, 1), (3, 2_000, 2), (4, 2_500, 1)] {
            self.enqueue_new(&NewCommand { version, due, ..command(number, "a") }).await;
        }
        assert_eq!(self.claim_a(1_999).await, []);
        assert_eq!(numbers(&self.claim(&[wanted("a")], 3_000, 1).await), [2], "the one that is due first");
        assert_eq!(numbers(&self.claim(&[wanted("b"), wanted("a")], 3_000, 1).await), [4]);
        assert_eq!(numbers(&self.claim_a(3_000).await), [1], "a newer version is left to newer processes");
        let newer = Wanted { version: 2, ..wanted("a") };
        assert_eq!(numbers(&self.claim(&[newer], 3_000, 9).await), [3]);
    }

    async fn limits_hold(self) {
        for number in 1..=6 {
            self.enqueue_new(&in_group(number, if number < 4 { "x" } else { "y" })).await;
        }
        self.enqueue_new(&command(7, "b")).await;
        let one_of_group = Wanted { concurrency_of_group: Some(1), concurrency: Some(2), ..wanted("a") };
        let both = [one_of_group, wanted("b")];
        assert_eq!(sorted(&self.claim(&both, 1_000, 9).await), [1, 4, 7]);
        assert_eq!(self.claim(&both, 1_000, 9).await, []);
        assert!(self.settle(run(4, 1), 1_000, &FINISHED).await);
        assert_eq!(numbers(&self.claim(&both, 1_000, 9).await), [5]);
        let three = [Wanted { concurrency: Some(3), ..wanted("a") }];
        assert_eq!(numbers(&self.claim(&three, 1_000, 9).await), [2]);
        assert_eq!(self.claim(&three, 1_000, 9).await, []);
        // What has no group is limited by none.
        for number in 8..=9 {
            self.enqueue_new(&command(number, "a")).await;
        }
        let one_of_group = [Wanted { concurrency_of_group: Some(1), ..wanted("a") }];
        assert_eq!(sorted(&self.claim(&one_of_group, 1_000, 9).await), [8, 9]);
    }

    async fn a_command_that_lost_its_process_counts_against_no_limit(self) {
        for number in 1..=3 {
            self.enqueue_new(&in_group(number, "x")).await;
        }
        let two = [Wanted { concurrency: Some(2), concurrency_of_group: Some(2), ..wanted("a") }];
        assert_eq!(sorted(&self.claim(&two, 1_000, 9).await), [1, 2]);
        assert!(self.extend(run(1, 1), 1_150).await);
        assert_eq!(self.claim(&two, 1_099, 9).await, []);
        assert_eq!(
            numbers(&self.claim(&two, 1_100, 9).await),
            [3],
            "one still runs, so there is room for one"
        );
    }

    async fn order_is_that_of_storing(self) {
        // Processes whose clocks differ make ids in another order.
        for (number, group) in [(4, "x"), (2, "x"), (3, "y"), (1, "x")] {
            self.enqueue_new(&in_group(number, group)).await;
        }
        let in_order = [Wanted { is_in_order: true, ..wanted("a") }];
        assert_eq!(sorted(&self.claim(&in_order, 1_000, 9).await), [3, 4]);
        assert_eq!(self.claim(&in_order, 1_000, 9).await, []);
        let retry = Settlement::Retry { due: 1_050, error: String::new() };
        assert!(self.settle(run(4, 1), 1_000, &retry).await);
        assert_eq!(self.claim(&in_order, 1_049, 9).await, [], "one that waits keeps the later ones waiting");
        assert_eq!(numbers(&self.claim(&in_order, 1_050, 9).await), [4]);
        assert!(self.settle(run(4, 2), 1_050, &dead("")).await);
        assert_eq!(numbers(&self.claim(&in_order, 1_050, 9).await), [2], "a dead letter lets others pass");
        assert!(self.settle(run(2, 1), 1_050, &FINISHED).await);
        assert_eq!(numbers(&self.claim(&in_order, 1_050, 9).await), [1]);
        // What has no group has no order.
        for number in 5..=6 {
            self.enqueue_new(&command(number, "a")).await;
        }
        assert_eq!(sorted(&self.claim(&in_order, 1_050, 9).await), [5, 6]);
    }

    async fn a_dead_letter_that_runs_again_has_its_place_and_runs_beside_no_other(self) {
        for number in 1..=3 {
            self.enqueue_new(&in_group(number, "x")).await;
        }
        let in_order = [Wanted { is_in_order: true, ..wanted("a") }];
        assert_eq!(numbers(&self.claim(&in_order, 1_000, 9).await), [1]);
        assert!(self.settle(run(1, 1), 1_000, &dead("why")).await);
        assert_eq!(numbers(&self.claim(&in_order, 1_000, 9).await), [2]);
        assert!(self.rerun(1, 1_010).await);
        assert_eq!(self.claim(&in_order, 1_010, 9).await, [], "one of its group runs");
        assert_eq!(numbers(&self.claim(&in_order, 1_100, 9).await), [1], "that one has lost its process");
        assert_eq!(self.claim(&in_order, 1_100, 9).await, []);
        let retry = Settlement::Retry { due: 1_110, error: String::new() };
        assert!(self.settle(run(2, 1), 1_110, &retry).await);
        assert_eq!(self.claim(&in_order, 1_110, 9).await, [], "it waits for the dead letter now");
        assert!(self.settle(run(1, 2), 1_110, &FINISHED).await);
        assert_eq!(numbers(&self.claim(&in_order, 1_110, 9).await), [2]);
        assert!(self.settle(run(2, 2), 1_110, &FINISHED).await);
        assert_eq!(numbers(&self.claim(&in_order, 1_110, 9).await), [3]);
    }

    async fn dead_letters_are_listed_run_again_and_pruned(self) {
        for number in 1..=3 {
            self.enqueue_new(&command(number, "a")).await;
            self.claim(&[wanted("a")], 1_000, 1).await;
            let now = i64::from(number) * 10_000;
            assert!(self.settle(run(number, 1), now, &dead(&format!("error {number}"))).await);
        }
        self.enqueue_new(&command(4, "b")).await;
        let mut counts = self.0.count().await.expect("`count` succeeds");
        counts.retain(|count| count.count > 0);
        counts.sort_by(|a, b| a.name.cmp(&b.name));
        let count = |name: &str, state, count| CommandCount { name: name.to_owned(), state, count };
        assert_eq!(counts, [count("a", CommandState::Dead, 3), count("b", CommandState::Waiting, 1)]);

        let all_dead = CommandFilter { state: Some(CommandState::Dead), ..CommandFilter::default() };
        assert_eq!(self.listed(&all_dead, 2).await, [1, 2], "in the order of ids");
        let after = CommandFilter { after: Some(id(2)), ..all_dead.clone() };
        assert_eq!(self.listed(&after, 2).await, [3]);
        assert_eq!(self.list(&all_dead, 1).await[0].error.as_deref(), Some("error 1"));
        let of_b = CommandFilter { name: Some("b".to_owned()), ..CommandFilter::default() };
        assert_eq!(self.listed(&of_b, 9).await, [4]);

        assert!(self.rerun(1, 40_000).await);
        assert!(!self.rerun(1, 40_000).await, "it is no dead letter any more");
        assert!(!self.rerun(4, 40_000).await);
        assert!(!self.rerun(9, 40_000).await);
        let stored = self.get(1).await;
        assert_eq!((stored.state, stored.attempts, stored.changed), (CommandState::Waiting, 0, 40_000));
        assert_eq!((stored.command.due, stored.error.as_deref()), (40_000, Some("error 1")));
        let again = self.claim_a(40_000).await;
        assert_eq!((numbers(&again), again[0].attempts), (vec![1], 1));

        let old = CommandFilter { changed_before: Some(30_000), ..all_dead.clone() };
        assert_eq!(self.prune(&old).await, 1, "what changed at that time is not older");
        assert_eq!(self.prune(&CommandFilter::default()).await, 1, "whatever the filter, what is open stays");
        assert_eq!(self.all().await, [1, 4]);
    }

    async fn what_comes_at_once_is_stored_and_claimed_once(self) {
        let with_key =
            [1, 2, 3, 4].map(|number| NewCommand { key: Some("k".to_owned()), ..command(number, "a") });
        let [first, second, third, fourth] = &with_key;
        let (first, second, third, fourth) = tokio::join!(
            self.enqueue(first),
            self.enqueue(second),
            self.enqueue(third),
            self.enqueue(fourth)
        );
        let stored = [first, second, third, fourth];
        assert_eq!(stored.iter().filter(|stored| stored.is_none()).count(), 1, "one key is stored once");
        assert_eq!(self.all().await.len(), 1);
        for number in 11..=30 {
            self.enqueue_new(&command(number, "b")).await;
        }
        let mut claimed = Vec::new();
        loop {
            let wanted = [wanted("b")];
            let claim = || self.claim(&wanted, 1_000, 3);
            let (first, second, third, fourth) = tokio::join!(claim(), claim(), claim(), claim());
            let some = [first, second, third, fourth].concat();
            if some.is_empty() {
                break;
            }
            claimed.extend(some);
        }
        assert_eq!(sorted(&claimed), (11..=30).collect::<Vec<u8>>(), "each is claimed, and once");
    }

    async fn limits_and_order_hold_for_claims_at_once(self) {
        for number in 1..=8 {
            self.enqueue_new(&in_group(number, if number < 5 { "x" } else { "y" })).await;
            self.enqueue_new(&NewCommand { name: "b".to_owned(), ..in_group(10 + number, "x") }).await;
        }
        let limited = [
            Wanted { concurrency: Some(3), concurrency_of_group: Some(2), ..wanted("a") },
            Wanted { is_in_order: true, ..wanted("b") },
        ];
        let claim = || self.claim(&limited, 1_000, 9);
        let (first, second, third, fourth) = tokio::join!(claim(), claim(), claim(), claim());
        let claimed = sorted(&[first, second, third, fourth].concat());
        assert_eq!(claimed.iter().filter(|number| **number > 10).collect::<Vec<_>>(), [&11], "{claimed:?}");
        let of_x = claimed.iter().filter(|number| **number < 5).count();
        let of_y = claimed.iter().filter(|number| (5..=8).contains(*number)).count();
        assert!(of_x <= 2 && of_y <= 2 && of_x + of_y <= 3, "{claimed:?}");
        // Nobody else claims now, so what has room is claimed.
        let claimed = claimed.len() + claim().await.len();
        assert_eq!(claimed, 4);
    }
}

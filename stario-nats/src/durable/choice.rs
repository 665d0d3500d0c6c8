//! Which commands a process claims: what the index says may run now. The compare-and-set of each claim decides whether it still may.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use stario::durable::{Claim, CommandId, CommandState, Wanted};

use super::index::{Index, OfName, Place};
use super::wire::{Held, State};

/// From how many times as many commands as it needs a process chooses that was too late.
const WINDOW: usize = 8;

/// A command that may run now.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    pub(super) id: CommandId,
    pub(super) position: u64,
    pub(super) name: Arc<str>,
    pub(super) state: State,
    pub(super) revision: u64,
    /// The revision of its name's lane, by which it was chosen.
    pub(super) lane: u64,
}

/// The next thing that a process does to claim commands.
#[derive(Debug)]
pub(super) enum Choice {
    /// It takes back the reservations of these commands, which were not used: see [`of_index`].
    Break(Vec<CommandId>),
    /// It claims these commands, each if its state is still the same.
    Run(Vec<Pick>),
}

/// Whether claims of this name must be made one after the other, whichever process makes them.
pub(super) fn has_lane(wanted: &Wanted) -> bool {
    wanted.concurrency.is_some() || wanted.concurrency_of_group.is_some() || wanted.is_in_order
}

/// Reservations of commands of one name which other processes have made and not used yet, at this time.
pub(super) fn held(index: &Index, of_name: &OfName, now: i64, process: u64) -> Vec<Held> {
    let is_held = |held: &Held| !is_over(held, now, process) && is_unclaimed(index, held);
    of_name.lane.held.iter().copied().filter(is_held).collect()
}

/// Whether a reservation counts no longer. This process claims nothing while it chooses, so one of its own is left of a claim that failed.
fn is_over(held: &Held, now: i64, process: u64) -> bool {
    held.until <= now || held.by == process
}

fn is_unclaimed(index: &Index, held: &Held) -> bool {
    index.entry(held.id).is_some_and(|entry| entry.is_open() && entry.revision == held.revision)
}

/// Chooses commands, at most `limit`, in the order in which they are due.
///
/// A reservation that has ended unused may be of a process that still lives and is about to claim. Before its place is given to another
/// command, the state of its command must have another revision, so that the late claim fails.
///
/// Where other processes were faster, `spread` makes it likely that they choose others: any number, and another one in each of them.
pub(super) fn of_index(
    index: &Index,
    process: u64,
    claim: &Claim,
    limit: usize,
    spread: Option<u64>,
) -> Choice {
    let window = if spread.is_some() { limit.saturating_mul(WINDOW) } else { limit };
    let mut unused = Vec::new();
    let mut found: Vec<Place> = Vec::new();
    for (position, wanted) in claim.wanted.iter().enumerate() {
        let is_first = !claim.wanted[..position].iter().any(|earlier| earlier.name == wanted.name);
        let Some(of_name) = index.of_name(&wanted.name).filter(|_| is_first) else { continue };
        if has_lane(wanted) {
            let has_ended = |held: &&Held| is_over(held, claim.now, process) && is_unclaimed(index, held);
            unused.extend(of_name.lane.held.iter().filter(has_ended).map(|held| held.id));
        }
        // Commands with a lane are reserved before they are claimed, so processes need not choose different ones.
        let most = if has_lane(wanted) { limit } else { window };
        let running = Running::of(index, of_name, claim.now, process);
        found.extend(of_one(index, of_name, wanted, claim.now, most, running));
    }
    if !unused.is_empty() {
        return Choice::Break(unused);
    }
    found.sort_unstable();
    let places = found.len().saturating_sub(limit) as u64 + 1;
    let skipped = usize::try_from(spread.unwrap_or_default() % places).unwrap_or_default();
    let pick = |place: &Place| {
        let entry = index.entry(place.2)?;
        let lane = index.of_name(&entry.name).map_or(0, |of_name| of_name.lane.revision);
        Some(Pick {
            id: place.2,
            position: entry.position,
            name: Arc::clone(&entry.name),
            state: entry.state.clone(),
            revision: entry.revision,
            lane,
        })
    };
    Choice::Run(found.iter().skip(skipped).take(limit).filter_map(pick).collect())
}

/// Chooses commands of one name.
fn of_one<'a>(
    index: &'a Index,
    of_name: &OfName,
    wanted: &Wanted,
    now: i64,
    limit: usize,
    mut running: Running<'a>,
) -> Vec<Place> {
    let candidates = if wanted.is_in_order { &of_name.heads } else { &of_name.open };
    let last = (now, u64::MAX, CommandId::from_bytes([u8::MAX; 16]));
    let mut chosen = Vec::new();
    for place in candidates.range(..=last) {
        if chosen.len() == limit || !has_room(wanted.concurrency, running.all) {
            break;
        }
        let Some(entry) = index.entry(place.2) else { continue };
        // One that runs has lost its process, which the workers find.
        let is_waiting = entry.state.phase == CommandState::Waiting;
        if !is_waiting || entry.version > wanted.version || running.held.contains(&place.2) {
            continue;
        }
        if let Some(group) = &entry.group {
            let of_group = running.groups.entry(group).or_default();
            // A dead letter that is run again may be the first of its group while a later one runs.
            let most_of_group = if wanted.is_in_order { Some(1) } else { wanted.concurrency_of_group };
            if !has_room(most_of_group, *of_group) {
                continue;
            }
            *of_group += 1;
        }
        running.all += 1;
        chosen.push(*place);
    }
    chosen
}

fn has_room(limit: Option<u32>, running: usize) -> bool {
    limit.is_none_or(|limit| running < usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The commands that count against the limits of their name.
struct Running<'a> {
    all: usize,
    groups: HashMap<&'a Arc<str>, usize>,
    held: BTreeSet<CommandId>,
}

impl<'a> Running<'a> {
    fn of(index: &'a Index, of_name: &OfName, now: i64, process: u64) -> Self {
        let held: BTreeSet<CommandId> =
            held(index, of_name, now, process).iter().map(|held| held.id).collect();
        let mut running = Self { all: 0, groups: HashMap::new(), held: BTreeSet::new() };
        for id in of_name.running.iter().chain(held.iter().filter(|id| !of_name.running.contains(id))) {
            let Some(entry) = index.entry(*id) else { continue };
            if !held.contains(id) && entry.state.due <= now {
                continue;
            }
            running.all += 1;
            if let Some(group) = &entry.group {
                *running.groups.entry(group).or_default() += 1;
            }
        }
        running.held = held;
        running
    }
}

#[cfg(test)]
mod tests {
    use stario::durable::CommandState;

    use super::super::index::Written;
    use super::super::wire::{CommandHead, LaneHead};
    use super::*;

    const PROCESS: u64 = 1;

    fn id(number: u8) -> CommandId {
        CommandId::from_bytes([number; 16])
    }

    fn head(number: u8, group: Option<&str>) -> CommandHead {
        CommandHead {
            id: id(number),
            name: "a".to_owned(),
            version: 1,
            key: None,
            group: group.map(str::to_owned),
            created: 0,
            due: 0,
            by: 0,
        }
    }

    /// Commands of one group, stored in this order.
    fn index(numbers: &[u8]) -> Index {
        let mut index = Index::default();
        for (sequence, number) in (1..).zip(numbers) {
            index.apply(sequence, Written::Command(head(*number, Some("g")), 0));
        }
        index
    }

    fn change(index: &mut Index, sequence: u64, number: u8, phase: CommandState, due: i64) {
        let state = State { phase, due, ..head(number, None).first_state() };
        index.apply(sequence, Written::State(id(number), Some(state)));
    }

    fn hold(index: &mut Index, sequence: u64, number: u8, revision: u64, until: i64) {
        let held = vec![Held { id: id(number), revision, until, by: PROCESS + 1 }];
        index.apply(sequence, Written::Lane(LaneHead { name: "a".to_owned(), held }));
    }

    fn wanted() -> Wanted {
        Wanted {
            name: "a".to_owned(),
            version: 1,
            concurrency: None,
            concurrency_of_group: None,
            is_in_order: false,
        }
    }

    #[track_caller]
    fn chosen(index: &Index, wanted: Wanted, now: i64) -> Vec<u8> {
        let claim = Claim { wanted: vec![wanted], now, lease_until: now + 100, limit: 9 };
        match of_index(index, PROCESS, &claim, 9, None) {
            Choice::Run(picks) => picks.iter().map(|pick| pick.id.to_bytes()[0]).collect(),
            Choice::Break(unused) => panic!("{unused:?} must be broken first"),
        }
    }

    #[test]
    fn of_a_group_in_order_only_the_first_that_is_open_may_run() {
        let in_order = || Wanted { is_in_order: true, ..wanted() };
        let mut index = index(&[3, 1, 2]);
        assert_eq!(chosen(&index, wanted(), 0), [3, 1, 2]);
        assert_eq!(chosen(&index, in_order(), 0), [3]);
        change(&mut index, 10, 3, CommandState::Running, 50);
        assert!(chosen(&index, in_order(), 0).is_empty());
        assert!(chosen(&index, in_order(), 50).is_empty(), "its lease has ended, and a worker ends its run");
        change(&mut index, 11, 3, CommandState::Waiting, 70);
        assert!(chosen(&index, in_order(), 60).is_empty());
        change(&mut index, 12, 3, CommandState::Dead, 0);
        assert_eq!(chosen(&index, in_order(), 60), [1]);
        change(&mut index, 13, 3, CommandState::Waiting, 60);
        assert_eq!(chosen(&index, in_order(), 60), [3], "a dead letter that runs again has its place");
        change(&mut index, 14, 1, CommandState::Running, 70);
        assert!(chosen(&index, in_order(), 60).is_empty(), "one of its group runs");
        change(&mut index, 15, 1, CommandState::Waiting, 0);
        index.apply(16, Written::State(id(3), None));
        assert_eq!(chosen(&index, in_order(), 60), [1]);
    }

    #[test]
    fn what_is_reserved_counts_until_it_is_claimed_or_its_lease_ends() {
        let two = || Wanted { concurrency: Some(2), ..wanted() };
        let mut index = index(&[1, 2, 3]);
        hold(&mut index, 10, 1, 0, 100);
        assert_eq!(chosen(&index, two(), 0), [2]);
        let one_of_group = Wanted { concurrency_of_group: Some(1), ..wanted() };
        assert!(chosen(&index, one_of_group, 0).is_empty());
        change(&mut index, 11, 1, CommandState::Running, 100);
        assert_eq!(chosen(&index, two(), 0), [2], "it counts once");
        change(&mut index, 12, 1, CommandState::Finished, 100);
        assert_eq!(chosen(&index, two(), 0), [2, 3]);
    }

    #[test]
    fn a_reservation_that_ended_unused_is_broken_before_its_place_is_used() {
        let mut index = index(&[1, 2]);
        hold(&mut index, 10, 1, 0, 100);
        let limited = || Wanted { concurrency: Some(1), ..wanted() };
        let claim = Claim { wanted: vec![limited()], now: 100, lease_until: 200, limit: 9 };
        let Choice::Break(unused) = of_index(&index, PROCESS, &claim, 9, None) else {
            panic!("nothing is broken")
        };
        assert_eq!(unused, [id(1)]);
        // The process that breaks it writes its state again.
        change(&mut index, 11, 1, CommandState::Waiting, 0);
        assert_eq!(chosen(&index, limited(), 100), [1]);
    }

    #[test]
    fn two_limits_of_one_name_are_the_first() {
        let index = index(&[1, 2, 3]);
        let claim = |wanted| Claim { wanted, now: 0, lease_until: 100, limit: 9 };
        let claim = claim(vec![Wanted { concurrency: Some(1), ..wanted() }, wanted()]);
        let Choice::Run(picks) = of_index(&index, PROCESS, &claim, 9, None) else {
            panic!("nothing is to be broken")
        };
        assert_eq!(picks.len(), 1);
    }

    #[test]
    fn a_process_that_was_too_late_chooses_others() {
        let index = index(&[1, 2, 3, 4]);
        let claim = Claim { wanted: vec![wanted()], now: 0, lease_until: 100, limit: 2 };
        let chosen = |spread| match of_index(&index, PROCESS, &claim, 2, spread) {
            Choice::Run(picks) => picks.iter().map(|pick| pick.id.to_bytes()[0]).collect::<Vec<_>>(),
            Choice::Break(_) => panic!("nothing is to be broken"),
        };
        assert_eq!(chosen(None), [1, 2]);
        assert_eq!([4, 5, 6].map(|spread| chosen(Some(spread))), [[2, 3], [3, 4], [1, 2]]);
    }
}

//! People with several tabs each at node A, as node B lists them over HTTP: how soon who leaves has left, and that nobody else does.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::process::{Broker, Node, now, raise_open_files};
use crate::tabs::{Tab, Watch};

/// How many tabs each person has.
const TABS: usize = 3;

/// How soon node B must show that somebody has joined, or has left because the last tab was closed.
const MOST_TO_SHOW: Duration = Duration::from_secs(2);

/// How long the people of a process that stops are listed, as the documentation says.
const RETURN_TIME: Duration = Duration::from_secs(3);

/// The delay with which a busy machine may wake the tasks behind a lease.
const TOLERANCE: Duration = Duration::from_millis(500);

/// How long nothing may change for nothing to have changed.
const SILENCE: Duration = Duration::from_secs(2);

/// The deadline of everything that is awaited.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs all cases with so many people. Returns what is wrong.
pub fn measure(people: usize) -> Vec<String> {
    raise_open_files();
    println!("{}", Broker::version());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let broker = Broker::start();
        let (mut a, mut b) = (start(&broker), start(&broker));
        println!(
            "{people} people with {TABS} tabs each at node A, seen by a stream of node B; the lease is {} s",
            a.lease.as_secs_f64()
        );
        println!("| what | people | p50 ms | p99 ms | longest ms | at most ms |");
        println!("|---|---:|---:|---:|---:|---:|");
        let watch = Watch::open(&b.address).await;
        let mut run = Run { broker, people, watch, problems: Vec::new() };
        let tabs = run.join(&a, &b).await;
        let rest = run.leave(&a, &b, tabs).await;
        run.kill(&mut a, rest).await;
        drop(a);
        let mut a = start(&run.broker);
        run.stop(&mut a, &b).await;
        b.node.stop();
        if !b.node.ended().success() {
            run.problems.push("node B has not stopped in order".to_owned());
        }
        run.problems
    })
}

struct Served {
    node: Node,
    address: String,
    lease: Duration,
}

fn start(broker: &Broker) -> Served {
    let mut node = Node::start(&["presence-node".to_owned(), broker.url()]);
    let lease = Duration::from_millis(node.line().parse().unwrap());
    let address = node.address();
    Served { node, address, lease }
}

/// All tabs of people, by person.
type Tabs = HashMap<String, Vec<Tab>>;

struct Run {
    broker: Broker,
    people: usize,
    watch: Watch,
    problems: Vec<String>,
}

impl Run {
    /// Prints a row of how long each took, in nanoseconds, and notes if one took too long.
    fn row(&mut self, what: &str, mut times: Vec<u64>, most: Duration) {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100] as f64 / 1e6;
        println!(
            "| {what} | {} | {:.1} | {:.1} | {:.1} | {} |",
            times.len(),
            at(50),
            at(99),
            at(100),
            most.as_millis()
        );
        if at(100) > most.as_secs_f64() * 1e3 {
            self.problems.push(format!("{what}: {:.1} ms, which may be {} ms", at(100), most.as_millis()));
        }
    }

    /// Notes a problem unless so many have left, ever.
    fn check_leaves(&mut self, what: &str, expected: usize) {
        let leaves = self.watch.lock().leaves;
        if leaves != expected {
            self.problems.push(format!("{what}: {leaves} have left, not {expected}"));
        }
    }

    /// Opens the tabs of all people, `count` at once. Returns them, and when the first tab of each was opened.
    async fn open(&mut self, address: &str, prefix: &str) -> (Tabs, HashMap<String, u64>) {
        let (mut tabs, mut opened) = (Tabs::new(), HashMap::new());
        for number in 0..self.people {
            let person = format!("{prefix}{number}");
            opened.insert(person.clone(), now());
            for _ in 0..TABS {
                let tab = Tab::open(address, &person).await;
                tabs.entry(person.clone()).or_default().push(tab);
            }
        }
        let people = self.people;
        if !self.watch.until(PATIENCE, |seen| seen.present.len() >= people).await {
            let present = self.watch.lock().present.len();
            self.problems.push(format!("{present} of {people} people who have joined are listed"));
        }
        (tabs, opened)
    }

    fn cpu(&self, a: &Served, b: &Served) -> [f64; 3] {
        [a.node.cpu(), b.node.cpu(), self.broker.cpu()]
    }

    /// Prints what so many changes have cost, each in microseconds.
    fn costs(&self, what: &str, count: usize, before: [f64; 3], after: [f64; 3]) {
        let each = |at: usize| (after[at] - before[at]) * 1e6 / count as f64;
        println!(
            "CPU of {what}, µs: {:.0} of node A, {:.0} of node B, {:.0} of the broker",
            each(0),
            each(1),
            each(2)
        );
    }

    async fn join(&mut self, a: &Served, b: &Served) -> Tabs {
        let before = self.cpu(a, b);
        let (tabs, opened) = self.open(&a.address, "p").await;
        let after = self.cpu(a, b);
        let joined = self.watch.lock().joined.clone();
        let times = opened.iter().filter_map(|(person, at)| Some(joined.get(person)?.saturating_sub(*at)));
        self.row("join", times.collect(), MOST_TO_SHOW);
        self.check_leaves("join", 0);
        self.costs(&format!("a join with its {TABS} streams"), self.people, before, after);
        tabs
    }

    /// Closes tabs. Returns the people who are still here.
    async fn leave(&mut self, a: &Served, b: &Served, mut tabs: Tabs) -> Tabs {
        // One of several tabs: its person stays.
        for of_person in tabs.values_mut() {
            of_person.pop();
        }
        sleep(SILENCE).await;
        self.check_leaves("a tab is closed while others of the person stay", 0);
        println!(
            "{} tabs are closed of people who have others: nobody has left after {SILENCE:?}",
            self.people
        );
        // All tabs of three in ten people, one person after another, and then of three in ten at once.
        let people: Vec<String> = tabs.keys().cloned().collect();
        let leaving = self.people * 3 / 10;
        let before = self.cpu(a, b);
        for (what, from, pause) in [
            ("last tab closed, one person each 5 ms", 0, Duration::from_millis(5)),
            ("last tab closed, all at once", leaving, Duration::ZERO),
        ] {
            let mut closed = HashMap::new();
            for person in &people[from..from + leaving] {
                drop(tabs.remove(person));
                closed.insert(person.clone(), now());
                if !pause.is_zero() {
                    sleep(pause).await;
                }
            }
            let all = |left: &HashMap<String, u64>| closed.keys().all(|person| left.contains_key(person));
            if !self.watch.until(PATIENCE, |seen| all(&seen.left)).await {
                self.problems.push(format!("{what}: not all have left after {PATIENCE:?}"));
            }
            let left = self.watch.lock().left.clone();
            let times = closed.iter().filter_map(|(person, at)| Some(left.get(person)?.saturating_sub(*at)));
            self.row(what, times.collect(), MOST_TO_SHOW);
            self.check_leaves(what, from + leaving);
        }
        let after = self.cpu(a, b);
        self.costs("a leaving with its last two streams", 2 * leaving, before, after);
        tabs
    }

    /// Kills node A, whose people must be gone within the lease.
    async fn kill(&mut self, a: &mut Served, rest: Tabs) {
        let before = self.watch.lock().leaves;
        a.node.kill();
        let killed = now();
        let what = "node A killed (kill -9)";
        if !self.watch.until(a.lease + PATIENCE, |seen| seen.present.is_empty()).await {
            self.problems.push(format!("{what}: not all have left"));
        }
        let left = self.watch.lock().left.clone();
        let times = rest.keys().filter_map(|person| Some(left.get(person)?.saturating_sub(killed)));
        self.row(what, times.collect(), a.lease + TOLERANCE);
        self.check_leaves(what, before + rest.len());
    }

    /// Stops node A in order: the people whose tabs open their streams again at node B have not left.
    async fn stop(&mut self, a: &mut Served, b: &Served) {
        let (mut tabs, _) = self.open(&a.address, "q").await;
        let before = self.watch.lock().leaves;
        // One in ten closes the browser meanwhile.
        let gone: HashMap<String, Vec<Tab>> = (0..self.people)
            .step_by(10)
            .filter_map(|number| tabs.remove_entry(&format!("q{number}")))
            .collect();
        let staying: HashSet<String> = tabs.keys().cloned().collect();
        let mut moving = JoinSet::new();
        for tab in tabs.into_values().flatten() {
            let address = b.address.clone();
            moving.spawn(async move { tab.move_to(&address).await });
        }
        let stopped = now();
        a.node.stop();
        let (mut moved, mut back, mut all_back) = (Vec::new(), HashMap::new(), 0);
        while let Some(tab) = moving.join_next().await {
            let (tab, opened) = tab.unwrap();
            let after = opened.saturating_sub(stopped);
            let first = back.entry(tab.person.clone()).or_insert(after);
            *first = after.min(*first);
            all_back = all_back.max(after);
            moved.push(tab);
        }
        // A machine that is too busy to open all streams in this time keeps no promise.
        let in_time = |person: &&String| back[*person] <= RETURN_TIME.as_nanos() as u64;
        let status = a.node.ended();
        if !status.success() {
            self.problems.push(format!("node A has not stopped in order: {status}"));
        }
        let what = "node A stopped: who does not come back";
        if !self.watch.until(PATIENCE, |seen| gone.keys().all(|person| seen.left.contains_key(person))).await
        {
            self.problems.push(format!("{what}: not all have left"));
        }
        // People who are at node B must stay when nothing of node A is left.
        sleep(RETURN_TIME + SILENCE).await;
        let seen = self.watch.lock();
        let have_left = |person: &&String| seen.left.contains_key(*person);
        let flickered = staying.iter().filter(in_time).filter(have_left).count();
        let late = staying.iter().filter(|person| !in_time(person)).count();
        let late_leaves = staying.iter().filter(|person| !in_time(person)).filter(have_left).count();
        let absent = staying.iter().filter(|person| !seen.present.contains(*person)).count();
        let times: Vec<u64> =
            gone.keys().filter_map(|it| Some(seen.left.get(it)?.saturating_sub(stopped))).collect();
        drop(seen);
        self.row(what, times, RETURN_TIME + Duration::from_secs(1));
        self.check_leaves(what, before + gone.len() + flickered + late_leaves);
        println!(
            "node A stopped: {} people open {} streams at node B, the last {:.2} s later; {flickered} of them have left meanwhile, and {late_leaves} of {late} who came later than {RETURN_TIME:?}",
            staying.len(),
            moved.len(),
            all_back as f64 / 1e9
        );
        if flickered > 0 || absent > 0 {
            self.problems.push(format!(
                "node A stopped: of {} people who came back, {flickered} have left meanwhile, and {absent} are not listed",
                staying.len()
            ));
        }
    }
}

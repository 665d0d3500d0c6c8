//! The pages in tests. Each test has a database of its own, in a file that goes when the test ends.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock};

use stario::RouteInfo;
use stario::testing::Page;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::members::hashing;
use super::{App, TestClient, groceries};

/// The pool of a database outlives the test's own requests, so it needs a runtime that lasts.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn app(directory: &TempDir) -> App {
    let url = format!("sqlite:{}", directory.path().join("list.db").display());
    RUNTIME.block_on(groceries(&url)).unwrap()
}

struct Household {
    client: TestClient,
    directory: TempDir,
}

impl Household {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { client: TestClient::new(app(&directory)), directory }
    }

    /// The page of somebody who has signed in.
    fn sign_in(&self, name: &str) -> Page {
        let mut page = self.client.page("/");
        // The list sends strangers to the login.
        page.fill("[name=name]", name);
        page.fill("[name=password]", "correct horse");
        page.click("button");
        assert_eq!(page.text("header span"), name);
        page
    }
}

impl Deref for Household {
    type Target = TestClient;

    fn deref(&self) -> &TestClient {
        &self.client
    }
}

const NEW_ITEM: &str = "[aria-label='New item']";

fn add(page: &mut Page, title: &str) {
    page.fill(NEW_ITEM, title);
    page.press(NEW_ITEM, "Enter");
    page.wait_until(|page| page.texts(".tick").first().is_some_and(|first| first == title.trim()));
    assert_eq!(page.value(NEW_ITEM), "");
}

/// Waits until the page shows these items. The database answers in its own time.
#[track_caller]
fn wait_for(page: &mut Page, titles: &[&str]) {
    page.wait_until(|page| page.texts(".tick") == titles);
}

#[test]
fn nothing_is_wrong_with_the_app() {
    let warnings = app(&tempfile::tempdir().unwrap()).check().unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}

#[test]
fn what_one_adds_all_see() {
    let household = Household::new();
    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    add(&mut ada, " Tea ");
    wait_for(&mut grace, &["Tea"]);
    assert_eq!(grace.text("#list small"), "Ada");

    grace.click("#item-1 .tick");
    ada.wait_for("#item-1.bought");
    assert_eq!(ada.attr(".tick", "aria-pressed").as_deref(), Some("true"));

    ada.click("li .quiet");
    wait_for(&mut grace, &[]);
    assert_eq!(grace.text("#list p"), "The list is empty.");
}

#[test]
fn a_search_stays_up_to_date() {
    let household = Household::new();
    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    add(&mut ada, "Green tea");
    add(&mut ada, "Milk");
    grace.fill("[type=search]", "TEA");
    wait_for(&mut grace, &["Green tea"]);
    add(&mut ada, "Teapot");
    wait_for(&mut grace, &["Teapot", "Green tea"]);
    add(&mut ada, "Coffee");
    grace.fill("[type=search]", "100%");
    wait_for(&mut grace, &[]);
    assert_eq!(grace.text("#list p"), "Nothing fits.");
    grace.fill("[type=search]", "");
    wait_for(&mut grace, &["Coffee", "Teapot", "Milk", "Green tea"]);
    // Enter searches without the script, too.
    grace.fill("[type=search]", "milk");
    grace.press("[type=search]", "Enter");
    assert_eq!((grace.url(), grace.texts(".tick")), ("/?q=milk".to_owned(), vec!["Milk".to_owned()]));
}

#[test]
fn long_lists_have_pages() {
    let household = Household::new();
    let mut page = household.sign_in("Ada");
    for number in 1..=12 {
        add(&mut page, &format!("Thing {number}"));
    }
    page.wait_until(|page| page.count("#list li") == 10);
    assert_eq!(page.text("nav"), "Page 1 of 2More");
    page.click("nav a");
    wait_for(&mut page, &["Thing 2", "Thing 1"]);
    // This page stays up to date as well.
    page.click("#list li:first-child .quiet");
    wait_for(&mut page, &["Thing 1"]);
    assert_eq!(page.text("nav"), "BackPage 2 of 2");
    // A search begins at its first page.
    page.fill("[type=search]", "thing");
    page.wait_until(|page| page.text("nav") == "Page 1 of 2More");
    page.click("nav a");
    assert_eq!(
        (page.url(), page.value("[type=search]")),
        ("/?q=thing&page=2".to_owned(), "thing".to_owned())
    );
}

#[test]
fn an_action_that_fails_says_why() {
    let household = Household::new();
    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    ada.fill(NEW_ITEM, " ");
    ada.press(NEW_ITEM, "Enter");
    assert_eq!(ada.text("#failure"), "Please say what it is, in at most 60 characters.");
    add(&mut ada, "Tea");
    assert_eq!(ada.text("#failure"), "");
    wait_for(&mut grace, &["Tea"]);
}

#[test]
fn an_item_is_edited() {
    let household = Household::new();
    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    add(&mut ada, "Tea");
    ada.click("#list li a");
    ada.fill("[name=title]", " ");
    ada.fill("[name=amount]", "100");
    ada.click("#edit button");
    assert_eq!(ada.texts("[role=alert].problem"), ["Fill this in.", "This must be 99 or less."]);
    assert_eq!(ada.attr("[name=title]", "aria-describedby").as_deref(), Some("title-problem"));
    ada.fill("[name=title]", "Green tea");
    ada.fill("[name=amount]", "3");
    ada.fill("[name=note]", "loose");
    ada.click("main button");
    assert_eq!(ada.text("[role=status]"), "Saved: Green tea");
    wait_for(&mut grace, &["Green tea × 3"]);
    assert_eq!(grace.text("#list small"), "loose · Ada");
    grace.click("#list li a");
    let filled = ["title", "amount", "note"].map(|name| grace.value(&format!("[name={name}]")));
    assert_eq!(filled, ["Green tea", "3", "loose"]);
    ada.reload();
    assert_eq!(ada.count("[role=status]"), 0);
}

#[test]
fn who_edits_what_another_has_changed_is_told() {
    let household = Household::new();
    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    add(&mut ada, "Tea");
    wait_for(&mut grace, &["Tea"]);
    for page in [&mut ada, &mut grace] {
        page.click("#list li a");
    }
    ada.fill("[name=title]", "Green tea");
    ada.click("main button");
    grace.fill("[name=title]", "Black tea");
    grace.click("main button");
    assert_eq!(grace.text("#title-problem"), "Somebody has changed or removed this item meanwhile.");
    assert_eq!(grace.value("[name=title]"), "Black tea");
    wait_for(&mut ada, &["Green tea"]);
}

#[test]
fn what_is_removed_cannot_be_edited() {
    let household = Household::new();
    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    add(&mut ada, "Tea");
    wait_for(&mut grace, &["Tea"]);
    ada.click("#list li a");
    grace.click("li .quiet");
    // It does not get the id of the one that was removed.
    add(&mut grace, "Coffee");
    ada.click("main button");
    assert_eq!(ada.text("#title-problem"), "Somebody has changed or removed this item meanwhile.");
    ada.reload();
    assert_eq!(
        (ada.status().as_u16(), ada.text("main p")),
        (404, "Somebody has removed this item.".to_owned())
    );
}

#[test]
fn only_members_see_the_list_and_only_admins_the_members() {
    let household = Household::new();
    let routes = app(&household.directory).routes();
    let open = routes.iter().filter(|route| route.guards().next().is_none());
    assert_eq!(
        open.map(RouteInfo::path).collect::<Vec<_>>(),
        ["/assets/{path...}", "/login", "/login", "/logout"]
    );

    let (mut ada, mut grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    grace.goto("/members");
    assert_eq!((grace.status().as_u16(), grace.text("h1")), (403, "Not allowed".to_owned()));
    grace.goto("/");
    ada.click("header a[href='/members']");
    assert_eq!(ada.texts("li span"), ["Ada", "Grace"]);
    ada.click("li button");
    assert_eq!(ada.texts("li span"), ["Ada"]);
    // Grace's open page leaves the list at once.
    grace.wait_until(|page| page.url() == "/login");
}

#[test]
fn nobody_removes_an_admin() {
    let household = Household::new();
    let mut ada = household.sign_in("Ada");
    let cookie = ada.cookie("session").unwrap();
    let res = household.post("/members/1/expel").cookie("session", &cookie).send();
    assert_eq!(res.status(), 403);
    assert!(res.text().contains("Nobody can remove those who look after the list."), "{}", res.text());
    // The session has not ended either.
    ada.goto("/members");
    assert_eq!(ada.texts("li span"), ["Ada"]);
}

#[test]
fn four_passwords_are_hashed_at_once_and_no_more() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Each waits until four run.
    let four = Arc::new(Barrier::new(4));
    let hashes = (0..12).map(|_| {
        let (running, most, four) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&four));
        RUNTIME.spawn(hashing(move || {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            four.wait();
            running.fetch_sub(1, Ordering::SeqCst);
        }))
    });
    for hash in hashes.collect::<Vec<_>>() {
        RUNTIME.block_on(hash).unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[test]
fn of_two_who_choose_one_name_at_once_one_is_told() {
    let household = Household::new();
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let sign_in = |password: &'static str| {
            let request = household.post("/login").field("name", "Ada").field("password", password);
            scope.spawn(|| request.send().status().as_u16())
        };
        let all: Vec<_> =
            ["correct horse", "wrong horse", "third horse", "fourth horse", "fifth horse", "sixth horse"]
                .map(sign_in)
                .into();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 5, "{statuses:?}");
}

#[test]
fn the_password_must_be_that_of_the_name() {
    let household = Household::new();
    let mut ada = household.sign_in("Ada");
    ada.click("header button");
    assert_eq!(ada.url(), "/login");
    for (name, password, problem) in [
        (" ", "correct horse", "Fill this in."),
        ("ADA", "wrong horse", "That is not the password of this name."),
        ("Grace", "short", "Write at least 8 characters."),
    ] {
        ada.fill("[name=name]", name);
        ada.fill("[name=password]", password);
        ada.click("button");
        assert_eq!((ada.status().as_u16(), ada.text("[role=alert]")), (422, problem.to_owned()));
    }
    ada.fill("[name=name]", "Ada");
    ada.fill("[name=password]", "correct horse");
    ada.click("button");
    assert_eq!(ada.url(), "/");
}

#[test]
fn the_list_is_there_after_a_restart() {
    let household = Household::new();
    let mut ada = household.sign_in("Ada");
    add(&mut ada, "Tea");
    let again = TestClient::new(app(&household.directory));
    let cookie = ada.cookie("session").unwrap();
    assert_eq!(again.get("/").cookie("session", &cookie).send().find(".tick")[0].text(), "Tea");
}

#[test]
fn each_selector_of_the_style_sheet_matches_something() {
    let household = Household::new();
    let (mut list, _grace) = (household.sign_in("Ada"), household.sign_in("Grace"));
    for number in 1..=12 {
        add(&mut list, &format!("Thing {number}"));
    }
    list.click("#list li:first-child .tick");
    // An item that is bought comes last in the list, which is on the second page.
    list.wait_until(|page| page.texts(".tick")[0] == "Thing 11");
    list.goto("/?page=2");
    let mut edit = household.sign_in("Ada");
    edit.goto("/?page=2");
    edit.click("#list li:first-child a");
    edit.fill("[name=amount]", "2");
    edit.click("main button");
    list.wait_for("b");
    edit.click("#list li:first-child a");
    edit.fill("[name=amount]", "0");
    edit.click("main button");
    let mut members = household.sign_in("Ada");
    members.goto("/members");
    let mut pages = [list, edit, members];
    let rules = include_str!("../static/groceries.css").split('}').filter_map(|rule| rule.split_once('{'));
    // A rule with `@` selects no element.
    for selector in rules.flat_map(|(selectors, _)| selectors.split(',')).filter(|text| !text.contains('@')) {
        // Only a browser knows `:hover`.
        let element = selector.split(':').next().unwrap_or_default().trim_end_matches(['>', ' ']).trim();
        let is_found = element.is_empty() || pages.iter_mut().any(|page| page.count(element) > 0);
        assert!(is_found, "{element}");
    }
}

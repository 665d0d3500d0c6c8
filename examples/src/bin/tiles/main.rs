//! A shared painting board: every click is seen in every open browser at once, and so is who is here.
//!
//! A page is rendered by one GET, then a second GET stays open and pushes the board again whenever it
//! changed. Clicks are POSTs that answer nothing.

mod board;

use board::{Board, Painter};
use stario::SetCookie;
use stario::prelude::*;
use stario::presence::Members;

stario::app!();
stario::assets!("src/bin/tiles/static");

/// Gives memory back to the system after a burst of requests, which the C library's does not.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The topic of the presence.
const BOARD: &str = "board";

/// What the page knows: who paints in it.
#[derive(Signals)]
struct Visitor {
    painter: Painter,
}

/// The page: the board as it is now, and the stream that keeps it so.
#[app::query("/")]
async fn page(
    painter: Cookie<Option<Painter>>,
    board: State<Board>,
    presence: State<Presence<Painter>>,
    datastar: DatastarScript,
) -> (SetCookie, Html) {
    let painter = painter.map_or_else(|| board.newcomer(), |known| board.welcome(known));
    // A server that went away is looked for until it is back.
    let live = live::action()
        .retry(action::Retry::Always)
        .retry_max_wait(Duration::from_secs(2))
        .retry_max_count(u32::MAX);
    let page = html! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>"Tiles"</title>
                <link rel="stylesheet" href={asset!("tiles.css")}>
                {datastar}
            </head>
            <body data-signals={Visitor { painter }} data-init={live}>
                <header>
                    <h1>"Tiles"</h1>
                    <p data-color={painter.color()}>"You are "<b>"Painter "{painter.number()}</b>". Paint, and open a second window."</p>
                </header>
                // The style sheet shows this after three seconds, unless Datastar was loaded and hides it.
                <p id="no-script" role="alert" data-show="false">
                    "The script of this page was not loaded, so nobody can paint here. Check the connection and reload."
                </p>
                {view(&board, &presence.list(BOARD))}
            </body>
        </html>
    };
    (SetCookie::new("painter", painter.number().to_string()), page)
}

/// Stays open while the tab does; its painter is here as long as one of the browser's tabs is.
#[app::query("/live")]
async fn live(
    painter: Signal<Painter>,
    board: State<Board>,
    presence: State<Presence<Painter>>,
) -> impl Stream<Item = Event> {
    stream! {
        let _here = presence.join(BOARD, painter.number(), *painter);
        // The first change of the people is at once; a change of the tiles from now on is pushed, not lost.
        let (mut people, mut tiles) = (presence.changes(BOARD), board.changes());
        while tokio::select! { Some(_) = people.next() => true, Some(_) = tiles.next() => true, else => false } {
            yield view(&board, &presence.list(BOARD));
        }
    }
}

/// Paints a tile in the painter's color, or clears it if it has that color already.
#[app::command("/tiles/{tile}")]
async fn paint(tile: PathParam<usize>, painter: Signal<Painter>, board: State<Board>) -> stario::Result<()> {
    if board.paint(*tile, *painter) {
        Ok(())
    } else {
        Err(stario::Error::new(StatusCode::NOT_FOUND, "the board has no such tile"))
    }
}

/// Everything that changes: the browser morphs it into place, whatever it was.
fn view(board: &Board, here: &Members<Painter>) -> Html {
    html! {
        <main id="app">
            <ul id="here">
                for painter in here {
                    <li data-color={painter.color()}>"Painter "{painter.number()}</li>
                }
            </ul>
            <div id="board">
                for (tile, owner) in board.tiles().into_iter().enumerate() {
                    <button
                        id={("tile-", tile)}
                        aria-label={("Tile ", tile)}
                        data-color={owner.map(Painter::color)}
                        data-on:click={paint::action(tile)}
                    ></button>
                }
            </div>
        </main>
    }
}

fn tiles() -> stario::App {
    app::new().state(Board::default()).state(Presence::<Painter>::new())
}

#[tokio::main]
async fn main() -> stario::Result {
    let mut app = tiles();
    // Browsers load the Datastar client from its CDN; without a way there, name a file.
    if let Some(file) = std::env::var_os("DATASTAR_FILE") {
        app = app.datastar_file(file)?;
    }
    app.serve().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wrong_with_the_app() {
        let warnings = tiles().check().unwrap();
        assert!(warnings.is_empty(), "{warnings}");
    }

    #[test]
    fn a_click_is_seen_by_everyone_who_is_here() {
        let client = TestClient::new(tiles());
        let mut first = client.page("/");
        assert_eq!(first.texts("#here li"), ["Painter 1"]);
        assert_eq!(first.attr("header p", "data-color").as_deref(), Some("1"));
        let mut second = client.page("/");
        assert_eq!(second.texts("#here li"), ["Painter 1", "Painter 2"]);
        assert_eq!(first.texts("#here li"), ["Painter 1", "Painter 2"]);

        first.click("#tile-3");
        assert_eq!(first.attr("#tile-3", "data-color").as_deref(), Some("1"));
        assert_eq!(second.attr("#tile-3", "data-color").as_deref(), Some("1"));
        second.click("#tile-3");
        assert_eq!(first.attr("#tile-3", "data-color").as_deref(), Some("2"));

        drop(second);
        assert_eq!(first.texts("#here li"), ["Painter 1"]);
        first.click("#tile-3");
        first.click("#tile-3");
        assert_eq!(first.attr("#tile-3", "data-color"), None);
    }

    #[test]
    fn the_tabs_of_one_browser_are_one_painter() {
        let client = TestClient::new(tiles()).keep_cookies();
        let mut first = client.page("/");
        let mut second = client.page("/");
        assert_eq!(second.text("header b"), "Painter 1");
        assert_eq!(first.texts("#here li"), ["Painter 1"]);
        drop(second);
        assert_eq!(first.texts("#here li"), ["Painter 1"]);
    }

    #[test]
    fn each_selector_of_the_style_sheet_matches_something() {
        let client = TestClient::new(tiles());
        // Eight painters have all colors.
        let mut pages: Vec<_> = (0..8).map(|_| client.page("/")).collect();
        for (selectors, _) in
            include_str!("static/tiles.css").split('}').filter_map(|rule| rule.split_once('{'))
        {
            // A rule with `@` selects no element.
            for selector in selectors.split(',').filter(|selector| !selector.contains('@')) {
                // Only a browser knows `:hover`.
                let element = selector.split(':').next().unwrap_or_default().trim();
                assert!(pages[0].count(element) > 0, "{element}");
            }
        }
    }

    #[test]
    fn a_page_comes_back_after_a_restart_of_the_server() {
        let page = TestClient::new(tiles()).get("/").send();
        let init =
            r#"data-init="@get('/live', {retry: 'always', retryMaxWait: 2000, retryMaxCount: 4294967295})""#;
        assert!(page.text().contains(init), "{}", page.text());
    }

    #[test]
    fn a_tile_that_is_not_there_is_not_found() {
        let client = TestClient::new(tiles());
        let res = client.post(paint::url(board::TILES)).signals(&json!({ "painter": 1 })).send();
        assert_eq!((res.status().as_u16(), res.text()), (404, "the board has no such tile"));
    }
}

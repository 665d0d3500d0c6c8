//! Templates and components in a crate that denies every warning.

use web::html::{Attrs, TagName, css, js, trusted_url};
use web::{Children, Html, component, html};

/// What a page shows.
#[derive(Debug)]
pub struct Item {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// A list entry.
#[component]
pub fn Entry(
    item: &Item,
    #[default("li")] kind: &'static str,
    note: Option<&str>,
    children: Children,
) -> Html {
    let tag = TagName::new(kind).unwrap_or_else(|_| unreachable!("all kinds are elements"));
    html! {
        <{tag} id={("item-", item.id)} class="entry" class:chosen={item.is_chosen} title={note}>{children}</{tag}>
    }
}

/// A page with everything in it.
///
/// # Errors
///
/// When an item has no name.
pub async fn page(items: &[Item], title: Option<&str>, more: &Attrs) -> Result<Html, String> {
    Ok(html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>{title.unwrap_or("Items")}</title><script>{js("start()")}</script></head>
            <body style={css("margin: 0")}>
                if let Some(title) = title && !title.is_empty() { <h1>{title}</h1> } else { <h1>"Items"</h1> }
                <ul>
                    for (at, item) in items.iter().enumerate() {
                        if item.name == "skip" { continue; }
                        let name = (!item.name.is_empty()).then_some(item.name.as_str()).ok_or("no name")?;
                        match item.id {
                            0 => "zero",
                            id if id > 100 => { <Entry item={item} note="big">{name} " (" {at} ")"</Entry> }
                            _ => <Entry item={item}>{std::future::ready(name).await}</Entry>,
                        }
                    }
                </ul>
                <a href={trusted_url("custom:x")} {..more} if items.is_empty() { hidden }>"more"</a>
                <input type="checkbox" checked={!items.is_empty()} style:width={items.len(), "px"}>
                <button data-on:click__once={"go(", items.len(), ")"}>"Go"</button>
            </body>
        </html>
    })
}

#[cfg(test)]
mod tests {
    use super::{Attrs, Item, page};

    #[test]
    fn the_page_is_whole() {
        let items = [(0, "a", false), (7, "b", true), (200, "<c>", false), (8, "skip", false)];
        let items = items.map(|(id, name, is_chosen)| Item { id, name: name.to_owned(), is_chosen });
        let more = Attrs::new().with("rel", "next").expect("a name");
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut page = Box::pin(page(&items, None, &more));
        let std::task::Poll::Ready(Ok(html)) = page.as_mut().poll(&mut context) else {
            panic!("nothing to wait for")
        };
        assert_eq!(
            html.as_str(),
            "<!DOCTYPE html><html lang=\"en\"><head><title>Items</title><script>start()</script></head>\
             <body style=\"margin: 0\"><h1>Items</h1><ul>zero<li id=\"item-7\" class=\"entry chosen\">b</li>\
             <li id=\"item-200\" class=\"entry\" title=\"big\">&lt;c&gt; (2)</li></ul>\
             <a href=\"custom:x\" rel=\"next\">more</a>\
             <input type=\"checkbox\" checked style=\"width:4px\">\
             <button data-on:click__once=\"go(4)\">Go</button></body></html>"
        );
    }
}

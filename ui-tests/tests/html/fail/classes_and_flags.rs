use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! {
        <p class:"w-1/2"={true} class:w-1/2={true}></p>
        <p "class:w-1/2"={true}></p>
        <p class:"a"="b" class:""={true}></p>
        <p hidden="false"></p>
        <a download={"true"}>"x"</a>
        <p hidden={()}></p>
        <b data-shwo="$open" data-prices="5 $" "data-sow"="$x"></b>
    }
}

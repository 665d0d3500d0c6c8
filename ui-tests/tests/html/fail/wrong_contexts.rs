use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let text = String::new();
    html! {
        <p style={text}/>
        <iframe srcdoc={text}></iframe>
        <p style:color={true}/>
        <p {..text}/>
        <{text}>"x"</{text}>
        <p data-text={"$a + ", text}/>
        <p draggable={()}/>
        <img srcset={7}>
    }
}

//! What stands in the right place under the same names.

use stario_html::{TagName, json};
use stario_macros::html;

#[test]
fn is_accepted() {
    let user = "a";
    let object = TagName::new("object").unwrap();
    let script = html! { <"SCRIPT">"x = " {json(&user)}</"SCRIPT"> };
    assert_eq!(script.as_str(), r#"<script>x = "a"</script>"#);
    let page = html! { <{object} data={"javascript:alert(1)".to_owned()}></{object}> };
    assert_eq!(page.as_str(), r#"<object data="about:invalid"></object>"#);
    let values = "/a;javascript:alert(1)".to_owned();
    let page = html! { <svg><animate attributeName="href" values={values}/></svg> };
    assert_eq!(page.as_str(), r#"<svg><animate attributeName="href" values="about:invalid"/></svg>"#);
    let page = html! { <p class:w-1/2={true}></p> };
    assert_eq!(page.as_str(), r#"<p class="w-1/2"></p>"#);
    let page = html! { <script>"x = () => { return /'/.test(y) }; z = " {json(&user)}</script> };
    assert_eq!(page.as_str(), r#"<script>x = () => { return /'/.test(y) }; z = "a"</script>"#);
}

use proc_macro2::TokenStream;
use quote::quote;

use super::super::{cursor, parse, report};
use super::collect;

#[track_caller]
// A case is one `quote!`.
#[allow(clippy::needless_pass_by_value)]
fn check(template: TokenStream, expected: &[&str]) {
    let mut report = report::Report::default();
    let tree = parse::parse(cursor::Cursor::new(template.clone()), &mut report);
    assert_eq!(collect(&tree).lines(), expected, "{template}");
}

#[test]
fn ids_are_collected_with_their_place() {
    check(quote!(<p id="a"><b id={"b"}/></p>), &["i0 a", "i0 b"]);
    check(
        quote!(if x { <p id="a"/> } else if y { <p id="b"/> } else { for z in w { <p id="c"/> } }),
        &["i0 a i1.0", "i0 b i1.1", "i0 c i1.2/f2"],
    );
    check(quote!(match x { 1 => <p id="a"/>, _ => <p id="a"/> }), &["i0 a i1.0", "i0 a i1.1"]);
    check(quote!(for x in y { if x { <p id="a"/> continue; } <p id="a"/> }), &["i0 a g1/i2.0", "i0 a g1"]);
    check(quote!(<p if x { id="a" }/>), &["i0 a i1.0"]);
    check(quote!(<Card id="a" title="A b"><p id="c"/></Card>), &["c0 Card", "m0 a", "i0 c c1"]);
    check(quote!(<template><p id="a"/></template>), &["i0 a t"]);
    check(quote!(<p id={("row-", id)}/><p id={"row-", id}/><p id={format!("row-{id}")}/>), &["p0 row-"; 3]);
    check(quote!(<p id={id}/><p {..attrs}/>), &["x0", "x0", "S0"]);
    check(quote!(<body>{Raw(x)}</body>), &["h0", "x0", "S0"]);
    check(quote!(<p class="a" title={x}>"text" {y}</p>), &[]);
}

#[test]
fn signals_are_declared() {
    check(quote!(<p data-signals="{n: 1, t: ''}"/>), &["s0 n:n", "s0 t:t"]);
    check(quote!(<p data-signals={"{n: ", n, ", t: ''}"}/>), &["s0 n:?", "s0 t:t"]);
    check(quote!(<p data-signals:my-count="0" data-signals:s={x}/>), &["s0 myCount:n", "s0 s:?"]);
    check(quote!(<p data-signals:my-count__case.kebab="0"/>), &["s0 my-count:n"]);
    check(
        quote!(<input data-bind:user-name><input data-bind="x"><input data-bind={y}>),
        &["s0 userName:*", "s0 x:*", "S0", "V0"],
    );
    check(
        quote!(<input data-bind={Search::q()} data-indicator={Search::busy()}>),
        &["b0 Search.q", "B0 Search.busy"],
    );
    check(quote!(<input data-bind={Search::<u8>::q()}>), &["y0 Search"]);
    check(quote!(<Field signal={&Search::list().q()}/>), &["c0 Field", "g0 Search.list.q"]);
    check(quote!({field(Search::q())} {Search::new(x)} let q = Search::q();), &["g0 Search.q"; 2]);
    check(quote!(<p data-signals={Search::default()}/><p data-signals={search}/>), &["y0 Search", "v0"]);
    check(
        quote!(<p data-ref:el data-indicator="busy" data-computed:sum="$a + 1"/>),
        &["s0 el:?", "s0 busy:b", "s0 sum:?", "r0 a"],
    );
    check(quote!(<p data-computed="{sum: () => $a}"/>), &["s0 sum:?", "r0 a"]);
}

#[test]
fn expressions_read_and_set() {
    check(
        quote!(<p data-text="$a" data-class:b="$b" data-on:click="$c = !$d"/>),
        &["r0 a", "r0 b", "w0 c", "r0 d"],
    );
    check(quote!(<p data-show={"$a > ", max}/>), &["r0 a"]);
    check(quote!(<p title="$a" data-user="$b"/>), &[]);
    check(quote!(<p data-on:click={js("$a = $b.c")}/>), &["w0 a", "r0 b.c"]);
    check(quote!(<p data-on:click={Search::page().set(1).then(js("$a = 1"))}/>), &["w0 a", "W0 Search.page"]);
    check(quote!(<p data-on:click={Menu::open().toggle()}/>), &["z0 Menu.open", "W0 Menu.open"]);
    check(
        quote!(<p data-text={"Page " + page::Search::page()} data-show={x.and(Menu::open())}/>),
        &["z0 Search.page", "z0 Menu.open", "U0"],
    );
    check(quote!(<p data-text={Format::of(x)} title={Search::q()}/>), &["U0"]);
}

#[test]
fn actions_are_named() {
    check(quote!(<p data-on:click={tick::action(id)}/>), &["a0 tick"]);
    check(quote!(<p data-on:click="@post('/items', {})"/>), &["a0 @post /items"]);
    check(quote!(<p data-init="@get('/live')"/>), &["a0 @get /live", "f0 data-init @get('/live')"]);
    check(
        quote!(<p data-init={a::live::action(1).retry(x)}/>),
        &["a0 live", "f0 data-init a::live::action(1)"],
    );
    check(quote!(<p data-init={live::action().request_cancellation(x)}/>), &["a0 live"]);
    check(quote!(<p data-on:click={import::action().selector("#form")}/>), &["a0 import", "t0 #form"]);
}

#[test]
fn forms_are_sent_somewhere_with_fields() {
    check(
        quote!(<form method="post" action={session::sign_in::url().next(x)}>
            <input name="name"><select name="kind"/><button name="go">"Go"</button>
        </form>),
        &["F0 1 sign_in", "k0 1 name", "k0 1 kind", "k0 1 go"],
    );
    check(
        quote!(<form data-on:submit={import::action().content_type(action::ContentType::Form)}><p><input name="file" type="file"></p></form>),
        &["a0 import", "F0 1 import", "k0 1 file"],
    );
    check(
        quote!(<form method="POST" action="/a?b=c"><input name="x"></form><input name="outside">),
        &["F0 1 @post /a", "k0 1 x"],
    );
    check(
        quote!(<form data-on:submit="@put('/a', {contentType: 'form'})"><textarea name="x"/></form>),
        &["a0 @put /a", "F0 1 @put /a", "k0 1 x"],
    );
}

#[test]
fn a_form_that_goes_elsewhere_is_open() {
    check(quote!(<form action={find::url()}><input name="q"></form>), &["K0 1", "k0 1 q"]);
    check(quote!(<form {..attrs}><input {..field}></form>), &["x0", "S0", "K0 1", "x0", "S0"]);
    check(quote!(<form data-on:submit={save}/>), &["U0", "K0 1"]);
    // Signals are sent, or another form.
    check(
        quote!(<form data-on:submit={save::action()}><b data-on:click={Search::open().toggle()}/></form>),
        &["a0 save", "z0 Search.open", "W0 Search.open"],
    );
    check(
        quote!(<form><b data-on:click={save::action().content_type(Form).selector("#other")}/></form>),
        &["a0 save", "t0 #other"],
    );
    check(
        quote!(<form><input name="a" form="other"><input name={b}><input type="reset" name="c"><input name=""></form>),
        &[],
    );
}

#[test]
fn a_component_is_named_with_its_ids() {
    check(quote!(for x in y { <ui::Card/> <b id="a"/> }), &["c0 Card f1", "i0 a f1"]);
    check(quote!(@into(output) @of(Card) <p id="a"/>), &["i0 a", "C0 Card"]);
    check(quote!(@into(output) @of(Card) <Row/>), &["c0 Row", "C0 Card"]);
    check(quote!(@into(output) @of(Card) <p class="a"/>), &[]);
}

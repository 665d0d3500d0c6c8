#[app::query("/save")]
async fn save_page(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Save"</title>{datastar}</head>
            <body
                data-signals:_failed="false"                                // the underscore keeps it in the page
                data-on:datastar-fetch="
                    if (evt.detail.type === 'started') {
                        $_failed = false;
                        document.getElementById('failure').replaceChildren();
                    }
                    if (['error', 'retries-failed'].includes(evt.detail.type)) $_failed = true;
                "
            >
                <input aria-label="Title" data-bind:title>
                <button data-on:click={save::action()}>"Save"</button>
                <div id="failure" role="alert"></div>
                <p role="alert" style="display: none" data-show="$_failed">"That did not work. Try again later."</p>
            </body>
        </html>
    }
}

#[app::command("/save")]
async fn save(title: Signal<String>) -> Result {
    if title.is_empty() {
        return Err(stario::Error::new(StatusCode::CONFLICT, "A title has at least one letter."));
    }
    Err("the disk is full")?                                                // logged, and answered 500
}

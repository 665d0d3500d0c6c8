/// The names of users, each with the hash of a password: usually a table.
struct Users(Vec<(&'static str, String)>);

/// How many passwords are hashed at once: each takes 19 MiB and a core, for long on purpose. Other logins wait for a permit.
static HASHES: Semaphore = Semaphore::const_new(4);

impl Users {
    async fn is_password(&self, name: &str, password: String) -> Result<bool> {
        let known = self.0.iter().find(|(known, _)| *known == name);
        // An unknown name takes as long as a known one, so that nobody learns which names there are.
        let (is_known, hash) = (known.is_some(), known.unwrap_or(&self.0[0]).1.clone());
        let permit = HASHES.acquire().await?;
        // Runs beside the threads that answer requests. The closure has the permit, because it runs on when the client leaves.
        let verify = move || {
            let _permit = permit;
            Argon2::default().verify_password(password.as_bytes(), &*hash).is_ok()
        };
        Ok(tokio::task::spawn_blocking(verify).await? && is_known)
    }
}

#[derive(Clone)]
struct User {
    name: String,
}

#[dependency]
async fn current_user(session: Session<()>) -> Result<User, NotLoggedIn> {
    let name = session.user().ok_or(NotLoggedIn)?;
    Ok(User { name })                                       // usually from the database
}

#[derive(Debug, thiserror::Error)]
#[error("log in first")]
struct NotLoggedIn;

#[error_response]
impl ErrorResponse for NotLoggedIn {
    fn status(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn response(&self, request: &request::Parts) -> Option<Response> {
        if request.headers.contains_key("datastar-request") {
            // Datastar follows a redirect in the background, and the page stays. An event leads the page itself to the login.
            return Some(event::redirect(login::url()).into_response());
        }
        // The login leads back to a page. The answer to a command is no page.
        let page = Some(&request.uri).filter(|_| request.method == Method::GET);
        let here = page.and_then(|uri| uri.path_and_query()).map_or("/", |target| target.as_str());
        Some(Redirect::see_other(login::url().next(Location::from(here))).into_response())
    }
}

#[component]
fn Page(flash: Flash, datastar: DatastarScript, children: Children) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Club"</title>{datastar}</head>
            <body>
                for message in flash.take() { <p role="status">{message}</p> }
                {children}
            </body>
        </html>
    }
}

#[app::query("/login")]
async fn login(#[default("/")] next: QueryParam<Location>, flash: Flash, datastar: DatastarScript) -> Html {
    html! {
        <Page flash={flash} datastar={datastar}>
            <form method="post" action={check::url().next(next.0)}>
                <label>"Name "<input name="name" autocomplete="username"></label>
                <label>"Password "<input name="password" type="password" autocomplete="current-password"></label>
                <button>"Log in"</button>
            </form>
        </Page>
    }
}

#[app::command("/login")]
async fn check(
    name: FormField<String>,
    password: FormField<String>,
    #[default("/")] next: QueryParam<Location>,             // a place of this site: anything else is refused
    users: State<Users>,
    session: Session<()>,
    flash: Flash,
) -> Result<Redirect> {
    if !users.is_password(&name, password.0).await? {
        flash.push("Name or password is wrong.")?;
        return Ok(Redirect::see_other(login::url().next(next.0)));
    }
    session.log_in(&*name, |()| ()).await?;                 // under a new id
    flash.push("Welcome back.")?;
    Ok(Redirect::see_other(next.0))
}

mod club {
    use super::*;

    app::require!(User);                                    // for every handler of this module

    #[app::query("/")]
    async fn home(user: User, flash: Flash, datastar: DatastarScript) -> Html {
        html! {
            <Page flash={flash} datastar={datastar}>
                <h1>"Hello, "{user.name}</h1>
                <button data-on:click={save::action()}>"Save"</button>
                <form method="post" action={log_out::url()}><button>"Log out"</button></form>
                <form method="post" action={log_out_everywhere::url()}><button>"Log out everywhere"</button></form>
            </Page>
        }
    }

    #[app::command("/save")]
    async fn save(flash: Flash) -> Result<event::Redirect> {
        flash.push("Saved.")?;
        Ok(event::redirect(home::url()))
    }

    #[app::command("/logout")]
    async fn log_out(session: Session<()>, flash: Flash) -> Result<Redirect> {
        session.log_out().await?;
        flash.push("You are logged out.")?;
        Ok(Redirect::see_other(login::url()))
    }

    #[app::command("/logout/everywhere")]
    async fn log_out_everywhere(user: User, sessions: State<Sessions<()>>, flash: Flash) -> Result<Redirect> {
        sessions.revoke_user(&user.name).await?;
        flash.push("You are logged out, on every device.")?;
        Ok(Redirect::see_other(login::url()))
    }
}

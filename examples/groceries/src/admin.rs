//! What only admins may do.

use stario::prelude::*;
use stario::{Error, Redirect, Sessions};
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx;

use crate::database::Change;
use crate::members::User;
use crate::{Page, app, list};

/// Somebody who looks after the list.
pub(crate) struct Admin(User);

#[dependency]
fn admin(user: User) -> Result<Admin> {
    if !user.is_admin {
        return Err(Error::new(StatusCode::FORBIDDEN, "This page is for those who look after the list."));
    }
    Ok(Admin(user))
}

// Guards each handler of this module.
app::require!(Admin);

#[app::query("/members")]
pub(crate) async fn members(admin: &Admin, db: State<SqlitePool>) -> Result<Html> {
    let members = sqlx::query_as("SELECT id, name, is_admin FROM member ORDER BY name").fetch_all(&*db);
    let members: Vec<(i64, String, bool)> = members.await?;
    Ok(html! {
        <Page title="Members" user={&admin.0}>
            <h1>"Members"</h1>
            <ul>
                for (id, name, is_admin) in members {
                    <li>
                        <span>{name}</span>
                        if !is_admin {
                            <form method="post" action={expel::url(id)}><button class="quiet">"Remove"</button></form>
                        }
                    </li>
                }
            </ul>
            <form method="post" action={clear::url()}><button>"Delete what is bought"</button></form>
        </Page>
    })
}

/// Removes a member. The sessions end before the change is told, so that open pages are signed out by it.
#[app::command("/members/{id}/expel")]
async fn expel(id: PathParam<i64>, sessions: State<Sessions<()>>, mut change: Change) -> Result<Redirect> {
    sessions.revoke_user(*id).await?;
    let delete = sqlx::query("DELETE FROM member WHERE id = ? AND NOT is_admin").bind(*id);
    delete.execute(change.connection().await?).await?;
    change.commit().await?;
    Ok(Redirect::see_other(members::url()))
}

#[app::command("/members/clear")]
async fn clear(mut change: Change) -> Result<Redirect> {
    sqlx::query("DELETE FROM item WHERE is_bought").execute(change.connection().await?).await?;
    change.commit().await?;
    Ok(Redirect::see_other(list::home::url()))
}

//! The part of the app for admins: they see all members, and remove others.

use stario::prelude::*;
use stario::{Error, Redirect, Sessions};
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx;

use crate::database::Change;
use crate::members::User;
use crate::{Page, app};

/// A member who manages the others.
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
        </Page>
    })
}

/// Removes a member, but no admin. The sessions end first, so that the member's open pages leave the list with this change.
#[app::command("/members/{id}/expel")]
async fn expel(
    id: PathParam<i64>,
    db: State<SqlitePool>,
    sessions: State<Sessions<()>>,
    mut change: Change,
) -> Result<Redirect> {
    let is_admin = sqlx::query_scalar("SELECT is_admin FROM member WHERE id = ?").bind(*id);
    if is_admin.fetch_optional(&*db).await? == Some(true) {
        return Err(Error::new(StatusCode::FORBIDDEN, "Nobody can remove those who look after the list."));
    }
    sessions.revoke_user(*id).await?;
    let delete = sqlx::query("DELETE FROM member WHERE id = ?").bind(*id);
    delete.execute(change.connection().await?).await?;
    change.commit().await?;
    Ok(Redirect::see_other(members::url()))
}

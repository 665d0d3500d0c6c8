//! The app's state: one value per type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
pub(crate) struct States(HashMap<TypeId, StateValue>);

struct StateValue {
    type_name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl States {
    /// Returns whether the type was new; the first value stays.
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> bool {
        let id = TypeId::of::<T>();
        let is_new = !self.0.contains_key(&id);
        if is_new {
            let type_name = std::any::type_name::<T>();
            self.0.insert(id, StateValue { type_name, value: Arc::new(value) });
        }
        is_new
    }

    /// Takes over all of `other`; returns the names of the types that both have.
    pub(crate) fn merge(&mut self, other: States) -> Vec<&'static str> {
        let mut twice = Vec::new();
        for (id, value) in other.0 {
            let type_name = value.type_name;
            if self.0.insert(id, value).is_some() {
                twice.push(type_name);
            }
        }
        twice
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let state = self.0.get(&TypeId::of::<T>())?;
        Arc::clone(&state.value).downcast().ok()
    }

    pub(crate) fn contains(&self, id: TypeId) -> bool {
        self.0.contains_key(&id)
    }
}

//! Lists of groups of fields, such as the rows of an order.

use std::fmt;
use std::marker::PhantomData;

use super::entries::FormEntry;
use super::reader::{FieldKind, FormFields, FormGroup, Reader};
use super::reference::{FieldOf, GroupRef};

/// A list of groups of fields of a form `F`, each of them a `T`.
pub struct ListRef<F, T> {
    group: GroupRef<F>,
    element: PhantomData<fn() -> T>,
}

impl<F, T: FormFields> ListRef<F, T> {
    /// The group of this number, from 0 on.
    pub fn at(&self, index: usize) -> T::Refs<F> {
        T::Refs::from(self.group.below(index))
    }
}

impl<F, T> From<GroupRef<F>> for ListRef<F, T> {
    fn from(group: GroupRef<F>) -> Self {
        Self { group, element: PhantomData }
    }
}

impl<F, T> FieldOf<F> for ListRef<F, T> {
    fn name(&self) -> &str {
        self.group.name()
    }
}

impl<F, T> Clone for ListRef<F, T> {
    fn clone(&self) -> Self {
        self.group.clone().into()
    }
}

impl<F, T> fmt::Debug for ListRef<F, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ListRef").field(&self.group.name()).finish()
    }
}

impl<T: FormFields> FormGroup for Vec<T> {
    type Refs<O> = ListRef<O, T>;

    const KIND: FieldKind = FieldKind::Group { fields: || T::FIELDS, is_list: true };

    fn __read_group(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let elements = reader.group.into_iter().flat_map(FormEntry::elements).enumerate();
        // Each element is read, so that the problems of all are noted.
        let mut list = Some(Vec::new());
        for (index, element) in elements {
            let value = reader.below(&index.to_string(), Some(element), T::__read);
            match (&mut list, value) {
                (Some(list), Some(value)) => list.push(value),
                (list, _) => *list = None,
            }
        }
        list
    }
}

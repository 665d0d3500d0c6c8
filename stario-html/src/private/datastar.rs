//! The calls for attributes that Datastar reads.

use super::quote_of;
use crate::Buf;
use crate::attribute::AttrWriter;
use crate::escape::Quote;
use crate::expression::JsWriter;
use crate::places::{
    BindAttr, ConditionAttr, DatastarExpression, IndicatorAttr, SignalsAttr, TextExpression, ValueExpression,
};

#[doc(hidden)]
impl Buf {
    #[inline]
    pub fn __datastar<T: DatastarExpression + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_datastar(&mut JsWriter::attribute(self, quote_of(tail)));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __datastar_part<T: DatastarExpression + ?Sized>(
        &mut self,
        head: &'static str,
        value: &T,
        tail: &'static str,
    ) {
        self.push_static(head);
        value.write_operand(&mut JsWriter::attribute(self, Quote::Double));
        self.push_static(tail);
    }

    #[inline]
    pub fn __condition<T: ConditionAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        self.__datastar(head, open, value, tail);
    }

    #[inline]
    pub fn __shown_text<T: TextExpression + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        self.__datastar(head, open, value, tail);
    }

    #[inline]
    pub fn __shown_value<T: ValueExpression + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        self.__datastar(head, open, value, tail);
    }

    #[inline]
    pub fn __signals<K, T: SignalsAttr<K> + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_signals(&mut JsWriter::attribute(self, quote_of(tail)));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __bind<T: BindAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_name(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __indicator<T: IndicatorAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_name(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }
}

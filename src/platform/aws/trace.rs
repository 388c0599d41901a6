//! Traces every call of the SDK by service, operation and duration with all its attempts.

use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use crate::trace;

/// An interceptor of SDK clients.
#[derive(Debug)]
pub(super) struct TraceCalls;

#[derive(Debug)]
struct Start(Instant);

impl Storable for Start {
    type Storer = StoreReplace<Start>;
}

impl Intercept for TraceCalls {
    fn name(&self) -> &'static str {
        "TraceCalls"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Start(Instant::now()));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(Start(start)), Some(call)) = (bag.load::<Start>(), bag.load::<Metadata>()) {
            let ok = context.output_or_error().is_some_and(|result| result.is_ok());
            trace::aws(call.service(), call.name(), *start, ok);
        }
        Ok(())
    }
}

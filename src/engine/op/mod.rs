//! What a network is made of.

pub(crate) mod backward;
pub(crate) mod cancellation;
pub(crate) mod forward;
pub(crate) mod recover;
pub(crate) mod scaled_activation;

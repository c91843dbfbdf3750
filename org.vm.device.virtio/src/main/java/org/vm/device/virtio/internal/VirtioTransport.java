package org.vm.device.virtio.internal;

import java.time.Duration;
import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/** A transport with the device behind it: its registers are its own, all else is its {@link DeviceControl}'s. */
interface VirtioTransport extends Stateful {
    DeviceControl control();

    @Override
    default void suspend(Duration limit) {
        control().handover().suspend(limit);
    }

    /** What every transport takes over first; vectors and levels come afterwards, for it may interrupt. */
    default void restore(DeviceState state, String kind) {
        String device = control().device().name();
        Fields.require(state, kind, device);
        control().handover().restore(state.state("control").orElseThrow(() -> new DeviceException("device '" + device
                + "' cannot take over: the state of its transport lacks 'control'")));
    }

    @Override
    default void resume() {
        control().handover().resume();
    }

    @Override
    default void onTrial(Trial trial) {
        control().handover().onTrial(trial);
    }
}

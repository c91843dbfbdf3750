package org.vm.device.virtio.internal;

import java.time.Duration;
import java.util.Optional;
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
        Optional<DeviceState> control = state.state("control");
        if (control.isEmpty()) {
            throw new DeviceException("device '" + device + "' cannot take over: the state of its transport lacks 'control'");
        }
        control().handover().restore(control.get());
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

package org.vm.api.device;

/** A device that has a state to go back to when its machine is reset. Called while no vCPU runs. */
public interface Resettable {
    void reset();
}

package org.vm.api.pci;

/** A function that reads and writes guest memory by itself, and hears when software forbids that. */
public interface BusMaster {
    /**
     * Software has cleared Bus Master Enable. When this returns the function accesses guest memory no more, until a driver
     * has set it up anew. Called on a vCPU's thread.
     */
    void stopBusMaster();
}

package org.vm.api.device;

/** A device that has a node in the device tree. */
public interface DeviceTreeContributor {
    /** Name of the node without its unit address ({@code "serial"}). */
    String nodeName();

    /**
     * Fills the node. {@code reg} and, for a device with an interrupt, {@code interrupts} and {@code interrupt-parent}
     * are there already.
     */
    void describe(DeviceTreeNode node);
}

package org.vm.api.device;

/** A node of a device tree that is being built (Devicetree Specification 0.4). Calls return the node itself. */
public interface DeviceTreeNode {
    /** A property without a value. */
    DeviceTreeNode flag(String name);

    DeviceTreeNode text(String name, String... values);

    DeviceTreeNode cells(String name, int... values);

    /** 64-bit values, two cells each. */
    DeviceTreeNode cells64(String name, long... values);

    DeviceTreeNode bytes(String name, byte[] value);

    /** The child of that name, made if it is not there. A name that begins with {@code /} is a path from the root. */
    DeviceTreeNode child(String name);

    /** The node's phandle, given to it at the first call. */
    int phandle();

    /** The phandle of the local interrupt controller of a CPU. */
    int cpuInterruptController(int cpu);

    /**
     * How a node names an interrupt source of the machine: phandle of the controller, then the source as that wants it;
     * empty if there is no controller.
     */
    int[] interrupt(int source);

    /** The phandle of the controller that interrupt messages (MSI) are sent to, or 0 if there is none. */
    int messageController();

    /** Whether a kernel reads the tree as it is, because the monitor is its firmware: what is for M-mode is disabled then. */
    boolean builtinFirmware();

    /** Number of CPUs. */
    int cpus();

    /** Absolute path of this node. */
    String path();
}

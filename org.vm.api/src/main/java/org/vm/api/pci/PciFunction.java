package org.vm.api.pci;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;
import org.vm.api.device.Device;

/**
 * A device on a PCI Express bus. Its host bridge does all of configuration space: sizing and moving BARs, capabilities,
 * masking of interrupts, power states, resets.
 *
 * <p>As an OSGi service it carries the properties {@code vm} (name of its machine) and {@code slot} (which one,
 * {@code "slot3"}, or a device number of the root bus, {@code "00:1e"}; absent: the host bridge chooses).
 */
@ConsumerType
public interface PciFunction extends Device {
    /** Asked for once, before {@link #attach}. */
    PciDescription description();

    /**
     * Further functions of the card whose function 0 this is, numbers 1 to 7 in their order; they come and go with it. Asked
     * for once, before {@link #attach}; what further functions say here is not asked for.
     */
    default List<PciFunction> others() {
        return List.of();
    }

    /** Called once before the first access, with all that the function may touch. */
    void attach(PciContext context);

    /** Called once after the last access: stop workers, lower the line, let go of everything. */
    void detach();

    /**
     * Everything back to its initial state, at a reset of the machine, of the bus or of the function alone. After it no
     * guest memory is written, and no interrupt raised, for what was before. Called on any thread, also a vCPU's.
     */
    void reset();
}

package org.vm.api.pci;

import java.util.Objects;

/**
 * An entry in the list of capabilities in configuration space.
 *
 * @param id   capability ID (9: vendor-specific)
 * @param body what follows the ID and the pointer to the next one, which are there already; at most 190 bytes
 */
public record PciCapability(int id, PciRegisters body) {
    public PciCapability {
        Objects.requireNonNull(body, "body");
        if (id < 0 || id > 0xFF || body.size() < 0 || body.size() > 190) {
            throw new IllegalArgumentException("capability 0x" + Integer.toHexString(id) + " with " + body.size()
                    + " bytes does not fit into configuration space");
        }
    }
}

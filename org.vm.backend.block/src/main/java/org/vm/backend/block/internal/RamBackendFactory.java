package org.vm.backend.block.internal;

import org.osgi.service.component.annotations.Component;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.BlockBackendFactory;

/** Makes the RAM disk of a disk configured with {@code ram=SIZE}. */
@Component(property = "kind=ram")
public final class RamBackendFactory implements BlockBackendFactory {
    @Override
    public BlockBackend open(String what, boolean readOnly) {
        return new RamDiskBackend(ByteSize.parse(what));
    }
}

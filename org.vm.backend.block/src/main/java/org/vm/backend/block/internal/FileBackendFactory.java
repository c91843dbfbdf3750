package org.vm.backend.block.internal;

import java.nio.file.Path;
import org.osgi.service.component.annotations.Component;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.BlockBackendFactory;

/** Opens the image of a disk configured with {@code file=PATH}. */
@Component(property = "kind=file")
public final class FileBackendFactory implements BlockBackendFactory {
    @Override
    public BlockBackend open(String what, boolean readOnly) {
        return new FileBlockBackend(Path.of(what), readOnly);
    }
}

package org.vm.machine.internal.replace;

import java.util.Collection;
import org.osgi.framework.Bundle;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.vm.machine.internal.Explanation;

/** Why the component of a device that is waited for does not come. */
final class ComponentFailures {
    private final ServiceComponentRuntime components;

    ComponentFailures(ServiceComponentRuntime components) {
        this.components = components;
    }

    /**
     * A sentence about one that cannot be activated; {@code null} if none has failed.
     *
     * @param devices as {@code machine/name}
     */
    String among(Collection<String> devices, Bundle... bundles) {
        return components.getComponentDescriptionDTOs(bundles).stream()
                .flatMap(description -> components.getComponentConfigurationDTOs(description).stream())
                .filter(made -> made.failure != null && devices.contains(made.properties.get("vm") + "/" + made.properties.get("name")))
                .map(made -> "the component of device '%s' fails: %s".formatted(made.properties.get("name"), Explanation.reason(made.failure)))
                .findFirst().orElse(null);
    }
}

package org.vm.shell.internal.command;

import java.util.function.Supplier;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.vm.api.ExecutionException;
import org.vm.guest.GuestCatalog;

/** The guests that can be fetched, if the bundle that fetches them is there. */
@Component(service = Guests.class)
public final class Guests implements Supplier<GuestCatalog> {
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile GuestCatalog catalog;

    @Override
    public GuestCatalog get() {
        GuestCatalog now = catalog;
        if (now == null) {
            throw new ExecutionException("bundle org.vm.guest offers no GuestCatalog; is it installed? lb shows the bundles");
        }
        return now;
    }
}

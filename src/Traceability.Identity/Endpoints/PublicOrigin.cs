using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity.Endpoints;

/// <summary>
/// Discovery names endpoints under the issuer's own address, whatever host a request claims to be for and whichever
/// replica answers.
/// </summary>
internal sealed class PublicOrigin : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<HandleConfigurationRequestContext>()
            .UseSingletonHandler<PublicOrigin>()
            .SetOrder(OpenIddictServerHandlers.Discovery.AttachEndpoints.Descriptor.Order - 1)
            .Build();

    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        context.BaseUri = context.Options.Issuer;
        return ValueTask.CompletedTask;
    }
}

using System.Security.Cryptography;
using Traceability.Identity.Keys;
using Traceability.Identity.Users;
using Xunit;

namespace Traceability.UnitTests.Identity;

public class SecretTests
{
    private static readonly string Secret = new('s', 32);

    [Fact]
    public void What_was_sealed_is_opened_with_the_same_secret_and_no_other()
    {
        var content = RandomNumberGenerator.GetBytes(100);
        var box = new SecretSeal(Secret).Close(content);

        Assert.Equal(content, new SecretSeal(Secret).Open(box));
        Assert.NotEqual(box, new SecretSeal(Secret).Close(content));
        Assert.ThrowsAny<CryptographicException>(() => new SecretSeal(new('t', 32)).Open(box));
        Assert.ThrowsAny<CryptographicException>(() => new SecretSeal(Secret).Open(box.AsSpan(0, 20)));
    }

    [Fact]
    public void Every_changed_bit_is_noticed()
    {
        var (seal, box) = (new SecretSeal(Secret), new SecretSeal(Secret).Close("a key"u8));
        for (var bit = 0; bit < 8 * box.Length; bit++)
        {
            var changed = box.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.ThrowsAny<CryptographicException>(() => seal.Open(changed));
        }
    }

    [Fact]
    public void A_one_time_code_is_read_however_it_is_typed()
    {
        var code = OneTimeCode.New();

        Assert.Matches("^([A-HJKMNP-Z2-9]{5}-){4}[A-HJKMNP-Z2-9]{5}$", code);
        var typed = code.ToLowerInvariant().Replace("-", "  ", StringComparison.Ordinal);
        Assert.Equal(OneTimeCode.HashOf(code), OneTimeCode.HashOf(typed));
        Assert.NotEqual(OneTimeCode.HashOf(code), OneTimeCode.HashOf(OneTimeCode.New()));
    }
}

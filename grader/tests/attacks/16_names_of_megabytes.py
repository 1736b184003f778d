# attack: 16 | score: 10 | in: hw5_gan | base: reference | give a parameter a name of four megabytes, and one of strange characters
class DNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("n" * (4 * 2**20 - 400), torch.nn.Parameter(torch.zeros(3, 3)))
        self.register_parameter("\u202estowaway\ue000\x1b[2J\x00" * 1000, torch.nn.Parameter(torch.zeros(3, 3)))

    def forward(self, x):
        return x


GNet = DNet
del GAN
